import assert from "node:assert/strict"
import { test } from "node:test"
import type { Placement } from "#api/cluster/v1beta1.ts"
import { groupDecisions } from "./decision-groups.plan.ts"
import { Misconfigured } from "./filters.plan.ts"
import { newCluster } from "./testing/objects.ts"

type Strategy = NonNullable<NonNullable<Placement["spec"]["decisionStrategy"]>["groupStrategy"]>

const clusters = (...names: string[]) =>
  names.map((name) => {
    const tier = name.startsWith("g") ? "gold" : "tin"
    return newCluster(name, { meta: { labels: { tier } }, status: { clusterClaims: [{ name: "tier", value: tier }] } })
  })
const byLabel = (groupName: string, tier: string) => ({
  groupName,
  groupClusterSelector: { labelSelector: { matchLabels: { tier } } },
})
const byClaim = (groupName: string, tier: string) => ({
  groupName,
  groupClusterSelector: { claimSelector: { matchExpressions: [{ key: "tier", operator: "In", values: [tier] }] } },
})

for (const { name, selected, strategy, want } of [
  { name: "nobody: one empty group", selected: [], strategy: undefined, want: [["", []]] },
  {
    name: "nobody, and groups that are named",
    selected: [],
    strategy: { decisionGroups: [byLabel("canary", "gold")], clustersPerDecisionGroup: 2 },
    want: [["", []]],
  },
  {
    name: "no strategy: one group, sorted",
    selected: ["t2", "t10", "g1"],
    strategy: undefined,
    want: [["", ["g1", "t10", "t2"]]],
  },
  {
    name: "groups of two",
    selected: ["t3", "t1", "t2", "t5", "t4"],
    strategy: { clustersPerDecisionGroup: 2 },
    want: [
      ["", ["t1", "t2"]],
      ["", ["t3", "t4"]],
      ["", ["t5"]],
    ],
  },
  {
    name: "a share is one of the selected, rounded up",
    selected: ["t1", "t2", "t3", "t4", "t5"],
    strategy: { clustersPerDecisionGroup: "50%" },
    want: [
      ["", ["t1", "t2", "t3"]],
      ["", ["t4", "t5"]],
    ],
  },
  { name: "0 is all", selected: ["t1", "t2"], strategy: { clustersPerDecisionGroup: 0 }, want: [["", ["t1", "t2"]]] },
  {
    name: "below 0 is all",
    selected: ["t1", "t2"],
    strategy: { clustersPerDecisionGroup: -1 },
    want: [["", ["t1", "t2"]]],
  },
  {
    name: "more than there are",
    selected: ["t1", "t2"],
    strategy: { clustersPerDecisionGroup: 3 },
    want: [["", ["t1", "t2"]]],
  },
  {
    name: "more than all of them",
    selected: ["t1", "t2"],
    strategy: { clustersPerDecisionGroup: "150%" },
    want: [["", ["t1", "t2"]]],
  },
  {
    name: "a number as text",
    selected: ["t1", "t2"],
    strategy: { clustersPerDecisionGroup: "1" },
    want: [
      ["", ["t1"]],
      ["", ["t2"]],
    ],
  },
  {
    name: "named groups go first and are cut as well; the rest has no name",
    selected: ["t1", "g2", "g3", "g1", "t2", "t3"],
    strategy: { decisionGroups: [byLabel("canary", "gold")], clustersPerDecisionGroup: 2 },
    want: [
      ["canary", ["g1", "g2"]],
      ["canary", ["g3"]],
      ["", ["t1", "t2"]],
      ["", ["t3"]],
    ],
  },
  {
    name: "the first group that matches has the cluster; one that nobody is left for is not there",
    selected: ["g1", "t1"],
    strategy: { decisionGroups: [byClaim("first", "gold"), byLabel("second", "gold"), byLabel("third", "tin")] },
    want: [
      ["first", ["g1"]],
      ["third", ["t1"]],
    ],
  },
  {
    name: "a group without a selector takes all",
    selected: ["g1", "t1"],
    strategy: { decisionGroups: [{ groupName: "all", groupClusterSelector: {} }] },
    want: [["all", ["g1", "t1"]]],
  },
] satisfies { name: string; selected: string[]; strategy: Strategy | undefined; want: unknown[] }[]) {
  test(`groupDecisions: ${name}`, () => {
    const groups = groupDecisions(clusters(...selected), strategy)
    assert.deepEqual(
      groups.map((group) => [group.name, group.clusters]),
      want,
    )
  })
}

for (const { name, strategy } of [
  { name: "a size that is no number", strategy: { clustersPerDecisionGroup: "half" } },
  { name: "a share that is no number", strategy: { clustersPerDecisionGroup: "half%" } },
  {
    name: "a selector that cannot be read",
    strategy: {
      decisionGroups: [
        {
          groupName: "canary",
          groupClusterSelector: { labelSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } },
        },
      ],
    },
  },
] satisfies { name: string; strategy: Strategy }[]) {
  test(`groupDecisions: ${name} is misconfigured, whether anybody is selected or not`, () => {
    for (const selected of [[], clusters("t1")]) {
      assert.throws(() => groupDecisions(selected, strategy), Misconfigured)
    }
  })
}
