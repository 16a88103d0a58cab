// Plugin big-order tells a webhook about orders of a certain size.
import { Config, Delivery, Failure, Obj, fail, failed, http, info, target } from "./tocsin";
export { abi_v1, alloc, init, handle } from "./tocsin";

// What the target's config says. It is read once and kept for every delivery; what a
// delivery itself changes is gone before the next one.
let url: string = "";
let atLeast: f64 = 0;

target(configure, deliver);

function configure(c: Config): void {
  url = c.required("url");
  atLeast = c.number("at_least", 1000);
}

// deliver takes one event. retry asks for another attempt, fail gives up at once.
function deliver(d: Delivery): Failure | null {
  const detail = d.input.get("detail"), amount = detail.get("amount"), id = detail.get("id").text;
  if (!amount.isNumber) return fail("NO_AMOUNT", "detail.amount is no number");
  if (amount.number < atLeast) return null;

  const order = new Obj().text("order", id).value("amount", amount.raw).json();
  const answer = http("POST", url, new Obj().text("content-type", "application/json"), order);
  if (answer.errno != 0) return answer.failure;
  info("a big order", ["order", id]);
  return failed(answer);
}
