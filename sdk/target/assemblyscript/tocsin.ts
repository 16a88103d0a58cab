// The AssemblyScript SDK of ABI v1 (sdk/abi/README.md). One file, no packages.
//
// A target is two functions, given to `target` at the top of plugin.ts, which also re-exports
// the module's exports: export { abi_v1, alloc, init, handle } from "./tocsin";
// Events stay JSON text, read lazily with Value and written with Obj. Memory is what it was
// after configure when the next delivery begins, so nothing is collected in between.

/** Why a delivery was not taken. */
export class Failure {
  constructor(public error: string, public retry: bool, public code: string = "") {}
}
/** The same delivery may succeed later. */
export function retry(error: string): Failure { return new Failure(error, true); }
/** No further attempt can help; the code is for programs that read dead letters. */
export function fail(code: string, error: string): Failure { return new Failure(error, false, code); }

/** One event on its way to this target. */
export class Delivery {
  /** The same over all attempts, so it serves as an idempotency key. */
  id: string = "";
  rule: string = "";
  attempt: i32 = 0;
  /** The whole event, as it was received. */
  event: Value = new Value();
  /** What the rule file made of the event, or the event itself. */
  input: Value = new Value();
}

// ---- reading JSON: total, it never leaves the text; what is no JSON reads as nothing ----

// @ts-ignore: decorator
@inline function at(p: usize): u8 { return load<u8>(p); }

/** Where the value that begins at p ends. */
function skip(p: usize, end: usize): usize {
  if (p >= end) return end;
  let depth = 0, c = at(p);
  if (c != 0x22 && c != 0x7b && c != 0x5b) {
    while (p < end && (c = at(p)) > 0x20 && c != 0x2c && c != 0x7d && c != 0x5d) p++;
    return p;
  }
  for (; p < end; p++) {
    c = at(p);
    if (c == 0x22) { // a string
      for (p++; p < end && at(p) != 0x22; p++) if (at(p) == 0x5c) p++;
    } else if (c == 0x7b || c == 0x5b) depth++;
    else if (c == 0x7d || c == 0x5d) depth--;
    if (depth == 0) return min(p + 1, end);
  }
  return end;
}

/** One JSON value as its text; nothing is decoded before it is asked for. */
export class Value {
  constructor(public ptr: usize = 0, public end: usize = 0) {}
  /** The value in a string of JSON text. */
  static of(json: string): Value {
    const b = changetype<usize>(String.UTF8.encode(json));
    return new Value(b, b + String.UTF8.byteLength(json));
  }
  get exists(): bool { return this.end > this.ptr; }
  private get first(): u8 { return this.exists ? at(this.ptr) : 0; }
  /** The text, as it stands in the batch: a number keeps every digit. */
  get raw(): string { return String.UTF8.decodeUnsafe(this.ptr, this.end - this.ptr); }
  get isTrue(): bool { return this.first == 0x74; }
  get isText(): bool { return this.first == 0x22; }
  get isNumber(): bool { const c = this.first; return c == 0x2d || (c >= 0x30 && c <= 0x39); }
  get number(): f64 { return this.isNumber ? parseFloat(this.raw) : NaN; }
  /** A string's content, "" for any other value. */
  get text(): string {
    if (!this.isText || this.end - this.ptr < 2) return "";
    return unescape(String.UTF8.decodeUnsafe(this.ptr + 1, this.end - this.ptr - 2));
  }
  /** Follows a member's name; nothing where there is none. */
  get(name: string): Value {
    const all = this.first == 0x7b ? this.parts() : new Array<Value>();
    for (let i = 0; i + 1 < all.length; i += 2) if (all[i].text == name) return all[i + 1];
    return new Value();
  }
  /** The items of an array; of an object, names and values in turn. */
  parts(): Value[] {
    const list = new Array<Value>();
    if (this.first != 0x7b && this.first != 0x5b) return list;
    let p: usize = 0, to = this.ptr + 1;
    do {
      for (p = to; p < this.end && (at(p) <= 0x20 || at(p) == 0x2c || at(p) == 0x3a); ) p++;
      to = skip(p, this.end);
      if (to > p) list.push(new Value(p, to));
    } while (to > p);
    return list;
  }
}

function unescape(s: string): string {
  let from = 0, i = s.indexOf("\\");
  if (i < 0) return s;
  let out = "";
  while (i >= 0) {
    out += s.substring(from, i);
    const c = s.charCodeAt(i + 1);
    from = i + 2;
    if (c == 0x75) { // u: halves of a surrogate pair come one by one, as UTF-16 has them
      out += String.fromCharCode(<i32>parseInt(s.substr(from, 4), 16));
      from += 4;
    } else out += c == 0x6e ? "\n" : c == 0x74 ? "\t" : c == 0x72 ? "\r" : c == 0x62 ? "\b" : c == 0x66 ? "\f" : String.fromCharCode(c);
    i = s.indexOf("\\", from);
  }
  return out + s.substring(from);
}

// ---- writing JSON ----

function quote(s: string): string {
  let out = "\"", from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
    out += s.substring(from, i) + (c < 0x20 ? "\\u00" + (c < 16 ? "0" : "") + c.toString(16) : "\\" + String.fromCharCode(c));
    from = i + 1;
  }
  return out + s.substring(from) + "\"";
}

/** Writes one JSON object, member by member: new Obj().text("id", id).json(). */
export class Obj {
  private body: string = "";
  /** Adds JSON text as it is; nothing where there is none. */
  value(name: string, json: string): Obj {
    if (json.length > 0) this.body += (this.body.length > 0 ? "," : "") + quote(name) + ":" + json;
    return this;
  }
  text(name: string, text: string): Obj { return this.value(name, quote(text)); }
  int(name: string, n: i64): Obj { return this.value(name, n.toString()); }
  flag(name: string, b: bool): Obj { return this.value(name, b ? "true" : "false"); }
  json(): string { return "{" + this.body + "}"; }
}

// ---- the host: what is never called is not imported, and what is not imported needs no permission ----

// @ts-ignore: decorator
@external("tocsin", "take") declare function hostTake(p: usize, n: i32): void;
// @ts-ignore: decorator
@external("tocsin", "log") declare function hostLog(level: i32, p: usize, n: i32): void;
// @ts-ignore: decorator
@external("tocsin", "metric") declare function hostMetric(p: usize, n: i32): void;
// @ts-ignore: decorator
@external("tocsin", "now") declare function hostNow(): i64;
// @ts-ignore: decorator
@external("tocsin", "random") declare function hostRandom(p: usize, n: i32): void;
// @ts-ignore: decorator
@external("tocsin", "emit") declare function hostEmit(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "kv_get") declare function hostKVGet(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "kv_put") declare function hostKVPut(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "kv_delete") declare function hostKVDelete(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "kv_list") declare function hostKVList(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "kv_cas") declare function hostKVSwap(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "http") declare function hostHTTP(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "aws") declare function hostAWS(p: usize, n: i32): i32;
// @ts-ignore: decorator
@external("tocsin", "secret") declare function hostSecret(p: usize, n: i32): i32;

/** What a host function answered: an errno (1 not granted, 2 no such thing, 3 bad request, 4 too
 * large, 5 conflict, 6 over a rate limit, 7 no answer, 8 too late), or 0 and text. */
export class Answer {
  constructor(public call: string, public errno: i32, public text: string = "") {}
  get json(): Value { return Value.of(this.text); }
  /** The failure that errno means: 6, 7 and 8 may pass later. */
  get failure(): Failure { return new Failure(this.call + ": errno " + this.errno.toString(), this.errno >= 6); }
}

type Ask = (p: usize, n: i32) => i32;

function ask(call: string, f: Ask, request: Obj): Answer {
  const text = request.json();
  const n = f(changetype<usize>(String.UTF8.encode(text)), String.UTF8.byteLength(text));
  if (n < 0) return new Answer(call, -n);
  const answer = new ArrayBuffer(n);
  hostTake(changetype<usize>(answer), n);
  return new Answer(call, 0, String.UTF8.decode(answer));
}

function log(level: i32, message: string, pairs: string[]): void {
  const line = new Obj().text("message", message);
  for (let i = 0; i + 1 < pairs.length; i += 2) line.text(pairs[i], pairs[i + 1]);
  const text = line.json();
  hostLog(level, changetype<usize>(String.UTF8.encode(text)), String.UTF8.byteLength(text));
}
/** Writes a line to the target's log: a constant message, and names and values in turn. */
export function debug(message: string, pairs: string[] = []): void { log(1, message, pairs); }
export function info(message: string, pairs: string[] = []): void { log(2, message, pairs); }
export function warn(message: string, pairs: string[] = []): void { log(3, message, pairs); }
export function error(message: string, pairs: string[] = []): void { log(4, message, pairs); }

/** Adds to a counter of the target. */
export function count(name: string, by: i64): void {
  const text = new Obj().text("name", name).int("value", by).json();
  hostMetric(changetype<usize>(String.UTF8.encode(text)), String.UTF8.byteLength(text));
}
/** The attempt's start, in milliseconds since 1970. */
export function now(): i64 { return hostNow(); }
/** n bytes that depend on the delivery alone. */
export function random(n: i32): Uint8Array {
  const b = new Uint8Array(n);
  hostRandom(b.dataStart, n);
  return b;
}
/** Puts an event on the bus; detail is a JSON object. */
export function emit(source: string, detailType: string, detail: string): Answer {
  return ask("emit", (p, n) => hostEmit(p, n), new Obj().text("source", source).text("detail-type", detailType).value("detail", detail));
}
/** A value of the target's own space, as its JSON; errno 2 where there is none. */
export function kvGet(key: string): Answer { return ask("kv_get", (p, n) => hostKVGet(p, n), new Obj().text("key", key)); }
/** Stores a JSON value; after ttl milliseconds it is gone, 0 keeps it. */
export function kvPut(key: string, value: string, ttl: i64 = 0): Answer {
  return ask("kv_put", (p, n) => hostKVPut(p, n), new Obj().text("key", key).value("value", value).int("ttl_ms", ttl));
}
export function kvDelete(key: string): Answer { return ask("kv_delete", (p, n) => hostKVDelete(p, n), new Obj().text("key", key)); }
/** {"keys": […]} of those that begin with prefix. */
export function kvList(prefix: string): Answer { return ask("kv_list", (p, n) => hostKVList(p, n), new Obj().text("prefix", prefix)); }
/** Stores value if the key holds old ("" = nothing); errno 5 when another delivery was first. */
export function kvSwap(key: string, old: string, value: string, ttl: i64 = 0): Answer {
  return ask("kv_cas", (p, n) => hostKVSwap(p, n), new Obj().text("key", key).value("old", old).value("value", value).int("ttl_ms", ttl));
}
/** A handle that the host replaces by the secret on the way out, in an HTTP request. */
export function secret(name: string): Answer { return ask("secret", (p, n) => hostSecret(p, n), new Obj().text("name", name)); }

/** Sends an HTTP request; every status is an answer, see failed. */
export function http(method: string, url: string, headers: Obj, body: string): Answer {
  return ask("http", (p, n) => hostHTTP(p, n), new Obj().text("method", method).text("url", url).value("headers", headers.json()).text("body", body));
}
/** What an HTTP answer means: null for a 2xx status; 408, 425, 429 and 5xx may pass later. */
export function failed(answer: Answer): Failure | null {
  if (answer.errno != 0) return answer.failure;
  const status = <i32>answer.json.get("status").number, error = "answered HTTP status " + status.toString();
  if (status / 100 == 2) return null;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return retry(error);
  return fail("HTTP_" + status.toString(), error);
}
/** Calls an action of an AWS service; params are the JSON of its API reference. */
export function aws(service: string, action: string, params: string): Answer {
  return ask("aws", (p, n) => hostAWS(p, n), new Obj().text("service", service).text("action", action).value("params", params));
}
/** What an AWS answer means: null when the service answered a result. */
export function awsFailed(answer: Answer): Failure | null {
  if (answer.errno != 0) return answer.failure;
  const e = answer.json.get("error");
  return e.exists ? new Failure("aws: " + e.get("code").text + ": " + e.get("message").text, e.get("retry").isTrue) : null;
}

// ---- config ----

/** The target's config. Its methods collect what is wrong; a name never asked for is wrong too. */
export class Config {
  private asked: string[] = [];
  private problems: string = "";
  constructor(private all: Value) {}
  value(name: string): Value {
    this.asked.push(name);
    return this.all.get(name);
  }
  required(name: string): string {
    const v = this.value(name);
    if (v.text == "") this.problem(name, v.exists ? "is no string or empty; write a string" : "is missing; write a string");
    return v.text;
  }
  text(name: string, otherwise: string): string {
    const v = this.value(name);
    if (v.exists && !v.isText) this.problem(name, "is no string; write one");
    return v.exists ? v.text : otherwise;
  }
  number(name: string, otherwise: f64): f64 {
    const v = this.value(name);
    if (v.exists && !v.isNumber) this.problem(name, "is no number; write one");
    return v.isNumber ? v.number : otherwise;
  }
  /** Notes what a person should change at path; the message continues it: "is missing". */
  problem(path: string, message: string): void {
    this.problems += (this.problems == "" ? "" : ",") + new Obj().text("path", path).text("message", message).json();
  }
  result(): string {
    const all = this.all.parts();
    for (let i = 0; i + 1 < all.length; i += 2)
      if (!this.asked.includes(all[i].text)) this.problem(all[i].text, "is not known here; this plugin takes " + this.asked.join(", "));
    return this.problems == "" ? "" : "{\"problems\":[" + this.problems + "]}";
  }
}

// ---- the module's exports ----

let configureWith: (c: Config) => void = (c: Config) => {};
let deliverWith: (d: Delivery) => Failure | null = (d: Delivery) => fail("", "the plugin never called target(configure, deliver)");

/** Says which two functions the target is. */
export function target(configure: (c: Config) => void, deliver: (d: Delivery) => Failure | null): void {
  configureWith = configure;
  deliverWith = deliver;
}

export function abi_v1(): void {}

/** What the host writes, and the last answer, which it reads after the call. */
let room = new ArrayBuffer(4096);
let answer = new ArrayBuffer(0);

/** Collects only for a host that does not put memory back, when it has become 4 MiB. */
export function alloc(n: i32): usize {
  if (memory.size() > 64) __collect();
  if (room.byteLength < n) room = new ArrayBuffer(n);
  return changetype<usize>(room);
}

export function init(p: usize, n: i32): u64 {
  const c = new Config(new Value(p, p + n));
  configureWith(c);
  return give(c.result());
}

function read(record: Value): Delivery {
  const d = new Delivery(), parts = record.parts();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const name = parts[i].text, v = parts[i + 1];
    if (name == "id") d.id = v.text;
    else if (name == "rule") d.rule = v.text;
    else if (name == "attempt") d.attempt = <i32>v.number;
    else if (name == "event") d.event = v;
    else if (name == "input") d.input = v;
  }
  if (!d.input.exists) d.input = d.event;
  return d;
}

export function handle(p: usize, n: i32): u64 {
  const records = new Value(p, p + n).get("records").parts();
  let failures = "";
  for (let i = 0; i < records.length; i++) {
    const d = read(records[i]), f = deliverWith(d);
    if (!f) continue;
    const o = new Obj().text("id", d.id).flag("retry", f.retry).text("error", f.error);
    if (f.code != "") o.text("code", f.code);
    failures += (failures == "" ? "" : ",") + o.json();
  }
  return give(failures == "" ? "{}" : "{\"failures\":[" + failures + "]}");
}

function give(text: string): u64 {
  answer = String.UTF8.encode(text);
  return (<u64>changetype<usize>(answer)) << 32 | answer.byteLength;
}

/** What the compiler calls for a failed check: `tocsin plugin build` names it to asc. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  error((message ? message : "aborted") + " at " + (file ? file : "?") + ":" + line.toString());
  unreachable();
}
