// Plugin tck is the target that the conformance kit asks of every SDK (sdk/abi/tck).
import {
  Config, Delivery, Failure, Obj, aws, awsFailed, count, emit, fail, failed, http, info, kvDelete, kvGet, kvList, kvPut, kvSwap, now, random, retry,
  secret, target,
} from "./tocsin";
export { abi_v1, alloc, init, handle } from "./tocsin";

let greeting: string = "";
let times: i32 = 0;
let state: i32 = 0;

target(configure, deliver);

function configure(c: Config): void {
  greeting = c.required("greeting");
  times = <i32>c.number("times", 1);
}

function say(text: string): Failure | null {
  info(greeting, ["text", text]);
  return null;
}

function keyValue(d: Delivery): Failure | null {
  const put = kvPut("k/1", d.input.get("value").raw, 1000);
  if (put.errno != 0) return put.failure;
  const old = kvGet("k/1").text;
  const swapped = (kvSwap("k/1", old, "2").errno == 0 ? "yes" : "no") + " " + (kvSwap("k/1", old, "3").errno == 0 ? "yes" : "no");
  const keys = kvList("k/").json.get("keys").parts();
  kvDelete("k/1");
  info(greeting, ["swapped", swapped, "keys", keys[0].text, "after", kvGet("k/1").errno == 2 ? "none" : "there"]);
  return null;
}

function hex(b: Uint8Array): string {
  let s = "";
  for (let i = 0; i < b.length; i++) s += (b[i] < 16 ? "0" : "") + b[i].toString(16);
  return s;
}

function deliver(d: Delivery): Failure | null {
  const what = d.input.get("do").text, text = d.input.get("text").text, url = d.input.get("url").text;
  if (what == "times") return say(times.toString());
  if (what == "echo") return say(text);
  if (what == "state") return say((++state).toString());
  if (what == "time") return say(now().toString());
  if (what == "random") return say(hex(random(8)));
  if (what == "kv") return keyValue(d);
  if (what == "fail") return fail("NO_CHANNEL", "there is no such channel");
  if (what == "retry") return retry("not today");
  if (what == "who") {
    info(greeting, ["id", d.id, "rule", d.rule, "attempt", d.attempt.toString()]);
    return null;
  }
  if (what == "count") {
    count("seen", 2);
    return null;
  }
  if (what == "emit") {
    const answer = emit("tck", "Echo", d.input.get("detail").raw);
    return answer.errno != 0 ? answer.failure : null;
  }
  if (what == "http") {
    const answer = http("POST", url, new Obj().text("content-type", "text/plain"), text);
    if (answer.errno != 0) return answer.failure;
    say(answer.json.get("body").text);
    return failed(answer);
  }
  if (what == "secret") {
    const handle = secret("token");
    if (handle.errno != 0) return handle.failure;
    return failed(http("GET", url, new Obj().text("authorization", "Bearer " + handle.text), ""));
  }
  if (what == "aws") {
    const answer = aws("sqs", "SendMessage", d.input.get("params").raw), failure = awsFailed(answer);
    return failure ? failure : say(answer.json.get("result").get("MessageId").text);
  }
  return fail("UNKNOWN", "do what?");
}
