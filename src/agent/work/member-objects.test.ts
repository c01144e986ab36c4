import assert from "node:assert/strict"
import { test } from "node:test"
import type { UnknownObject } from "#apimachinery/meta.ts"
import { notFound } from "#apimachinery/status-error.ts"
import type { KubeClient } from "#kube/client.ts"
import type { Target } from "./manifests.ts"
import { MemberObjects } from "./member-objects.ts"
import type { ObjectSink } from "./member-objects.ts"

const TYPE = { group: "", version: "v1", resource: "configmaps", kind: "ConfigMap", namespaced: true }
const target = (name: string): Target => ({ type: TYPE, namespace: "ns", name })

function object(name: string, resourceVersion: string, change: Record<string, unknown> = {}): UnknownObject {
  const { uid = `${name}-uid`, ...fields } = change
  const metadata = { namespace: "ns", name, uid: uid as string, resourceVersion }
  return { apiVersion: "v1", kind: "ConfigMap", metadata, ...fields }
}

/** A source whose news the test tells, and a member that answers GETs from `stored`. */
function newScene() {
  const told: string[] = []
  const stored = new Map<string, UnknownObject>()
  let sink: ObjectSink | undefined
  let opened = 0
  const client = {
    async get(_: unknown, { name }: { name: string }) {
      const found = stored.get(name)
      if (found === undefined) throw notFound(TYPE, name)
      return found
    },
  } as unknown as KubeClient
  const source = {
    open: (_: unknown, given: ObjectSink) => {
      opened++
      sink = given
      return { close: () => (sink = undefined) }
    },
  }
  const objects = new MemberObjects(client, source, (work, change) => told.push(`${work} ${change}`))
  return {
    objects,
    stored,
    told: () => told.splice(0),
    sink: () => sink!,
    isOpen: () => sink !== undefined,
    opened: () => opened,
  }
}

test("MemberObjects: a type is followed while an object of it is, and nothing but those objects is kept", () => {
  const { objects, sink, isOpen, opened, told } = newScene()
  objects.follow("w", [target("a"), target("b")])
  assert.equal(opened(), 1)
  sink().seen(object("other", "1"))
  assert.equal(objects.get(target("other")), undefined)
  assert.deepEqual(told(), [])
  objects.follow("v", [target("a")])
  objects.follow("w", [])
  assert.ok(isOpen())
  objects.follow("v", [])
  assert.ok(!isOpen())
  assert.equal(objects.typeCount, 0)
})

test("MemberObjects: a full state tells what exists and what does not", () => {
  const { objects, sink, told } = newScene()
  objects.follow("w", [target("a"), target("b")])
  assert.equal(objects.get(target("a")), undefined)
  sink().replace([object("a", "1")])
  assert.equal(objects.get(target("a"))?.metadata.resourceVersion, "1")
  assert.equal(objects.get(target("b")), null)
  assert.deepEqual(told(), ["w drift", "w drift"])
  sink().replace([])
  assert.equal(objects.get(target("a")), null)
  assert.deepEqual(told(), ["w drift"])
})

test("MemberObjects: the echo of our own write is no news, a change by others is", () => {
  const { objects, sink, told } = newScene()
  objects.follow("w", [target("a")])
  objects.wrote(target("a"), object("a", "5", { data: { k: "1" } }))
  sink().seen(object("a", "5", { data: { k: "1" } }))
  assert.deepEqual(told(), [])
  sink().seen(object("a", "6", { data: { k: "1" }, status: { x: 1 } }))
  assert.deepEqual(told(), ["w status"])
  sink().seen(object("a", "7", { data: { k: "2" }, status: { x: 1 } }))
  assert.deepEqual(told(), ["w drift"])
})

test("MemberObjects: news older than what is known is dropped, versions compared as numbers", () => {
  const { objects, sink, told } = newScene()
  objects.follow("w", [target("a")])
  objects.wrote(target("a"), object("a", "100"))
  sink().seen(object("a", "99", { data: { old: "1" } }))
  assert.deepEqual(told(), [])
  assert.equal(objects.get(target("a"))?.metadata.resourceVersion, "100")
  // The end of an earlier object of that name.
  sink().gone(object("a", "98", { uid: "earlier" }))
  assert.ok(objects.get(target("a")))
  sink().gone(object("a", "101"))
  assert.equal(objects.get(target("a")), null)
  assert.deepEqual(told(), ["w drift"])
})

test("MemberObjects: a list that was read before our write cannot deny it; the member is asked", async () => {
  const { objects, sink, stored, told } = newScene()
  objects.follow("w", [target("a")])
  objects.wrote(target("a"), object("a", "5"))
  sink().replace([])
  assert.equal(objects.get(target("a")), undefined)
  assert.deepEqual(told(), ["w drift"])
  stored.set("a", object("a", "5"))
  assert.equal((await objects.find(target("a")))?.metadata.resourceVersion, "5")
  stored.delete("a")
  assert.equal((await objects.find(target("a")))?.metadata.resourceVersion, "5", "known, so not asked again")
})

test("MemberObjects: read finds out that an object is gone", async () => {
  const { objects } = newScene()
  objects.follow("w", [target("a")])
  objects.wrote(target("a"), object("a", "5"))
  assert.equal(await objects.read(target("a")), null)
  assert.equal(objects.get(target("a")), null)
})

test("MemberObjects: all works that name an object hear of it", () => {
  const { objects, sink, told } = newScene()
  objects.follow("one", [target("a")])
  objects.follow("two", [target("a")])
  sink().seen(object("a", "1"))
  assert.deepEqual(told().toSorted(), ["one drift", "two drift"])
})

test("MemberObjects: what one work writes is news to the others, but for a reference to its owner", () => {
  const { objects, told } = newScene()
  const owned = (version: string, names: readonly string[], more: Record<string, unknown> = {}) => {
    const made = object("a", version, more)
    const ownerReferences = names.map((name) => ({ apiVersion: "v1", kind: "X", name, uid: name }))
    return { ...made, metadata: { ...made.metadata, ownerReferences } }
  }
  objects.follow("one", [target("a")])
  objects.follow("two", [target("a")])
  objects.wrote(target("a"), owned("1", ["one"], { data: { k: "1" } }), "one")
  objects.wrote(target("a"), owned("2", ["one", "two"], { data: { k: "1" } }), "two")
  assert.deepEqual(told(), [])
  objects.wrote(target("a"), owned("3", ["one", "two"], { data: { k: "2" } }), "two")
  assert.deepEqual(told(), ["one drift"])
  assert.deepEqual(objects.worksOf(target("a")).toSorted(), ["one", "two"])
})
