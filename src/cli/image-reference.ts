import { InvalidArgumentError } from "commander"

/** For commander: an image as a container runtime takes it. What is in it only a kubelet can tell. */
export function imageReference(text: string): string {
  if (/^[^\s@:][^\s]*$/.test(text)) return text
  throw new InvalidArgumentError("want an image such as registry.example/hawser:1.2.0.")
}
