// What expressions come to: each is a rule, and the answer to an object names those that do not hold, or fail.
import { get, post, type Script } from "../script.ts"

const GROUP = "expressions.example.com"
const OBJECTS = `/apis/${GROUP}/v1/namespaces/{{ns}}/sums`

const EXPRESSIONS: readonly string[] = [
  // numbers
  "self.i + 1 == 8",
  "self.i / 2 == 3 && self.i % 4 == 3 && -self.i == -7",
  "self.i / (self.i - 7) == 1",
  "self.i * 9223372036854775807 > 0",
  "self.d * 2.0 == 3.0",
  "self.d > self.i",
  "int(self.d) == 1 && double(self.i) == 7.0 && uint(self.i) == 7u",
  "int('12') == 12 && int(self.s) > 0",
  "uint(-self.i) == 0u",
  // strings
  "self.s.startsWith('a') && self.s.endsWith('c') && self.s.contains('b')",
  "self.s.size() == 3 && size(self.s) == 4",
  "self.s.charAt(1) == 'b' && self.s.indexOf('c') == 2 && self.s.lastIndexOf('z') == -1",
  "self.s.upperAscii() == 'ABC' && 'ABC'.lowerAscii() == self.s",
  "self.s.replace('b', 'x') == 'axc' && self.s.replace('b', 'x', 0) == 'axc'",
  "self.s.substring(1) == 'bc' && self.s.substring(0, 2) == 'ab' && self.s.substring(5) == ''",
  "' a '.trim() == 'a' && 'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
  "['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ba'",
  "self.s.matches('^[a-c]+$') && self.s.matches('b{2}')",
  "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']",
  "strings.quote('a\\n') == '\"a\\\\n\"'",
  "'%s is %d of %.1f'.format([self.s, self.i, self.d]) == 'abc is 7 of 1.5'",
  "'é€😀'.size() == 3 && '😀'.charAt(0) == '😀'",
  "bytes(self.s).size() == 3 && string(b'abc') == self.s",
  // lists and maps
  "self.l.isSorted() && self.l.sum() == 6 && self.l.min() == 1 && self.l.max() == 3",
  "self.l.indexOf(2) == 1 && self.l.lastIndexOf(9) == 0",
  "[3, 1, 2].isSorted()",
  "self.l.all(x, x > 0) && self.l.exists(x, x == 2) && self.l.exists_one(x, x > 2)",
  "self.l.map(x, x * 2) == [2, 4, 6] && self.l.filter(x, x > 1).size() == 2 && self.l.map(x, x > 1, x) == [2]",
  "self.l[5] == 1",
  "self.m['a'] == 1 && self.m['b'] == 2",
  "'a' in self.m && 4 in self.l",
  "self.m.all(k, self.m[k] > 0) && has(self.m.a) && !has(self.m.zz)",
  "[1, 'a'].size() == 2",
  "{'a': 1, 'b': 'c'}.size() == 2",
  "self.l == [1, 2, 3] && self.l + [4] == [1, 2, 3, 4] && self.m == {'a': 1}",
  "sets.contains(self.l, [1, 2]) && sets.intersects(self.l, [9]) && sets.equivalent([1, 1, 2], [2, 1])",
  "self.l.all(i, x, i + 1 == x) && self.m.exists(k, v, v == 1)",
  "self.l.transformList(i, x, i * x) == [0, 2, 6]",
  "[1, 2, 2].distinct() == [1, 2] && [[1], [2]].flatten() == [1, 2] && [2, 1].sort() == [1, 2]",
  "lists.range(3) == [0, 1, 2] && [1, 2, 3].slice(1, 2) == [2] && [1, 2].reverse() == [2, 1]",
  // optionals and bindings
  "self.?none.orValue('x') == 'x' && self.?s.hasValue() && self.m[?'zz'].orValue(5) == 5",
  "optional.of(1).value() == 1 && optional.none().value() == 1",
  "optional.ofNonZeroValue('').hasValue()",
  "self.?s.optMap(x, x + '!').value() == 'abc!'",
  "cel.bind(x, self.i + 1, x * x == 64)",
  // times
  "timestamp('2001-02-03T04:05:06Z').getFullYear() == 2001 && self.t.getMonth() == 1 && self.t.getDayOfWeek() == 5",
  "self.t.getHours('+02:00') == 6 && self.t.getMinutes() == 5 && self.t.getHours('Europe/Berlin') == 5",
  "self.t + duration('1h') > self.t && self.t - self.t == duration('0s')",
  "duration('1h30m').getMinutes() == 90 && duration('1.5s').getMilliseconds() == 1500",
  "string(duration('90s')) == '90s' && string(self.t) == '2001-02-03T04:05:06Z'",
  "duration('x') == duration('1s')",
  // Kubernetes' own
  "isURL('https://a.b:80/c?d=e') && url('https://a.b:80/c?d=e').getHost() == 'a.b:80' && url('https://a.b/c').getPort() == ''",
  "url('https://a.b/c%20d?x=1&x=2').getEscapedPath() == '/c%20d' && url('https://a.b?x=1&x=2').getQuery() == {'x': ['1', '2']}",
  "isURL('no url') || url('../relative').getScheme() == ''",
  "isQuantity('1.5Gi') && quantity('2Gi').asInteger() == 2147483648 && !isQuantity('1.5X')",
  "quantity('500m').isLessThan(quantity('1')) && quantity('1').add(quantity('1k')).compareTo(quantity('1001')) == 0",
  "quantity('1').sub(2).sign() == -1 && quantity('50k').asApproximateFloat() == 50000.0 && quantity('1.5').isInteger()",
  "isIP('1.2.3.4') && ip('::1').family() == 6 && ip('127.0.0.1').isLoopback() && ip.isCanonical('::0:1')",
  "ip('1.2.3.4') == ip('1.2.3.4') && ip('224.0.0.1').isLinkLocalMulticast() && string(ip('1.2.3.4')) == '1.2.3.4'",
  "isCIDR('10.0.0.0/8') && cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
  "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8 && cidr('10.0.0.0/8').ip() == ip('10.0.0.0')",
  "ip('1.2.3') == ip('1.2.3.4')",
  "ip('1.2.3.4.5') == ip('1.2.3.4')",
  "ip('1.2.3.256') == ip('1.2.3.4')",
  "ip('1.2.03.4') == ip('1.2.3.4')",
  "ip('1..3.4') == ip('1.2.3.4')",
  "ip('1.a.3.4') == ip('1.2.3.4')",
  "cidr('1.2.3/8') == cidr('1.2.3.4/8')",
  "isSemver('1.2.3') && semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.2.3').major() == 1 && isSemver('v1')",
  "semver('v1.2', true).minor() == 2 && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
  "!format.dns1123Label().validate(self.s).hasValue() && format.dns1123Label().validate('A_').hasValue()",
  "format.named('uuid').hasValue() && format.named('nope').hasValue()",
  "format.date().validate('2001-02-30') == optional.none()",
  "type(self.i) == int && type(self.s) == string && type(self.l) == list && type(type(1)) == type",
  "dyn(self.i) == 7.0 && dyn(self.s) == 7",
  "self.i == 7 ? true : self.nothing",
  "(self.l[9] == 1 || self.i == 7) && !(self.l[9] == 1 && self.i == 8)",
  "self.l[9] == 1 || self.i == 8",
]

/** What those have that are refused. */
const REFUSED = [
  "bytes(self.s)",
  ".join()",
  "cel.bind",
  "optMap",
  "duration('x')",
  ".sign() == -1",
  "format.date",
  "self.nothing",
  "[1, 'a']",
  "'b': 'c'",
]

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        i: { type: "integer" },
        d: { type: "number" },
        s: { type: "string", maxLength: 10 },
        t: { type: "string", format: "date-time" },
        none: { type: "string", maxLength: 10 },
        l: { type: "array", maxItems: 5, items: { type: "integer" } },
        m: { type: "object", maxProperties: 5, additionalProperties: { type: "integer" } },
      },
    },
  },
}

/** Each by itself, so that one that is no expression does not hide the others. */
const definition = (plural: string, validations: readonly object[]) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { plural, kind: `${plural[0]!.toUpperCase()}${plural.slice(1, -1)}` },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            ...schema,
            properties: { spec: { ...schema.properties.spec, "x-kubernetes-validations": validations } },
          },
        },
      },
    ],
  },
})
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
const spec = { i: 7, d: 1.5, s: "abc", t: "2001-02-03T04:05:06Z", l: [1, 2, 3], m: { a: 1 } }

/** Those that a definition may have: they compile and cannot cost too much. */
const ALLOWED = EXPRESSIONS.filter((text) => !REFUSED.some((part) => text.includes(part)))

export const expressions: Script = {
  name: "expressions",
  steps: [
    ...EXPRESSIONS.map((rule) =>
      post(`${CRDS}?dryRun=All`, definition("trials", [{ rule }]), { pick: ["kind", "message"] }),
    ),
    post(
      CRDS,
      definition(
        "sums",
        ALLOWED.map((rule) => ({ rule })),
      ),
      {
        pick: ["kind", "message"],
      },
    ),
    get(OBJECTS, { until: { path: "status", is: 200 }, quiet: true }),
    post(
      OBJECTS,
      { apiVersion: `${GROUP}/v1`, kind: "Sum", metadata: { name: "a" }, spec },
      { pick: ["kind", "message"] },
    ),
  ],
}
