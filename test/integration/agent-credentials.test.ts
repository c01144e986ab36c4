import { credentialStoreContract } from "#agent/registration/credential-store.contract.ts"
import { secretCredentialStore } from "#agent/registration/credential-store.ts"
import { newWorld } from "./agent-world.ts"

credentialStoreContract("secretCredentialStore", async () => {
  const member = await newWorld().cluster("member", "member")
  return secretCredentialStore(member.admin)
})
