// A target built with Extism's PDK for AssemblyScript: it does what that for Go does.
import { Config, Host, LogLevel, Memory, Var } from "@extism/as-pdk";
import { error_set } from "@extism/as-pdk/lib/env";

let calls = 0;

export function abort(message: string | null, _file: string | null, _line: u32, _column: u32): void {
  fail(message === null ? "abort" : message);
  unreachable();
}

function fail(text: string): void {
  error_set(Memory.allocateString(text).offset);
}

export function deliver(): i32 {
  calls++;
  const input = Host.inputString();
  if (input.includes("never")) {
    fail("there is no such channel");
    return 3;
  }
  if (input.includes("later")) {
    fail("the channel is down");
    return 1;
  }
  if (input.includes("panic")) throw new Error("it was asked to");
  const name = Config.get("name");
  const seen = Var.getString("seen");
  Var.set("seen", Uint8Array.wrap(String.UTF8.encode("1")));
  Host.log(LogLevel.Info, "for " + (name === null ? "nobody" : name) + ": " + input.length.toString() + " bytes");
  Host.outputString("call " + calls.toString() + ", seen " + (seen === null ? "0" : seen));
  return 0;
}
