// The JavaScript SDK of ABI v1 (sdk/abi/README.md): the global object `tocsin`, evaluated
// before the plugin's own script, and both before the memory is frozen.
//
// A target is a function given to tocsin.handle; it may be async. Memory is what it was when
// the scripts had run and configure was done, at the beginning of every delivery.
"use strict";
const tocsin = (() => {
  const host = globalThis.__host;
  delete globalThis.__host;
  // The numbers of host functions are those of the linker (runtime/pluginkit/quickjs).
  const NOW = 1, RANDOM = 2, LOG = 3, METRIC = 4;
  const requests = { emit: 5, kv_get: 6, kv_put: 7, kv_delete: 8, kv_list: 9, kv_cas: 10, http: 11, aws: 12, secret: 13 };
  const reasons = ["done", "not granted to this target", "there is no such thing", "the request is not what the function takes",
    "over a size limit or quota", "the value is another one by now", "over a rate limit, later it may pass",
    "the other side did not answer", "the deadline came first"];

  /** What becomes of a delivery: throw tocsin.retry(…) or tocsin.fail(…). Other errors are tried again. */
  class Failure extends Error {
    constructor(message, retry, code) {
      super(message);
      this.retry = retry;
      this.code = code;
    }
  }
  /** A host function that did not answer. */
  class Refused extends Failure {
    constructor(call, errno) {
      super(call + ": " + (reasons[errno] || "errno " + errno), errno >= 6);
      this.errno = errno;
    }
  }

  function ask(name, request) {
    const answer = host(requests[name], JSON.stringify(request));
    if (typeof answer === "number") throw new Refused(name, -answer);
    return answer;
  }
  function log(level, message, data) {
    host(LOG, JSON.stringify({ message: String(message), ...data }), level);
  }
  const random = () => host(RANDOM);
  Math.random = () => random() / 2 ** 32; // QuickJS's own would be the same in every delivery

  /** The target's config. Its methods collect what is wrong; a name never asked for is wrong too. */
  class Config {
    constructor(all) {
      this.all = all;
      this.asked = [];
      this.problems = [];
    }
    value(name) {
      this.asked.push(name);
      return Object.hasOwn(this.all, name) ? this.all[name] : undefined;
    }
    required(name) {
      const v = this.value(name);
      if (v === undefined) this.problem(name, "is missing; write a string");
      else if (typeof v !== "string" || v === "") this.problem(name, "is " + JSON.stringify(v) + "; write a string");
      return v;
    }
    typed(name, otherwise, kind, advice) {
      const v = this.value(name);
      if (v !== undefined && typeof v !== kind) this.problem(name, "is " + JSON.stringify(v) + "; write " + advice);
      return v === undefined ? otherwise : v;
    }
    text(name, otherwise) { return this.typed(name, otherwise, "string", "a string"); }
    number(name, otherwise) { return this.typed(name, otherwise, "number", "a number"); }
    flag(name, otherwise) { return this.typed(name, otherwise, "boolean", "true or false"); }
    /** Notes what a person should change at path; the message continues it: "is missing". */
    problem(path, message) { this.problems.push({ path, message }); }
  }

  let configure = () => {}, deliver, broken;

  function init(text) {
    const c = new Config(JSON.parse(text));
    if (broken) c.problem("", "cannot be read: the script did not load: " + broken);
    else if (!deliver) c.problem("", "cannot be read: the script never called tocsin.handle");
    else {
      try {
        configure(c);
      } catch (e) {
        c.problem("", "cannot be read: " + told(e));
      }
    }
    if (broken || !deliver) return JSON.stringify({ problems: c.problems });
    for (const name of Object.keys(c.all)) {
      if (!c.asked.includes(name)) c.problem(name, "is not known here; this plugin takes " + c.asked.join(", "));
    }
    return c.problems.length ? JSON.stringify({ problems: c.problems }) : "";
  }

  /** An error and where it was thrown. */
  function told(e) {
    return String(e) + (e && e.stack ? " " + String(e.stack).split("\n")[0].trim() : "");
  }
  function failure(id, e) {
    if (e instanceof Failure) return { id, retry: e.retry, error: e.message, ...(e.code && { code: e.code }) };
    return { id, retry: true, error: told(e) };
  }

  async function handle(text) {
    const failures = [];
    for (const d of JSON.parse(text).records) {
      if (!("input" in d)) d.input = d.event;
      try {
        await deliver(d);
      } catch (e) {
        failures.push(failure(d.id, e));
      }
    }
    return JSON.stringify(failures.length ? { failures } : {});
  }

  let answer = "";
  /** For the glue: what is 0 for init, 1 for handle, 2 for an error of the plugin's script. */
  globalThis.__begin = (what, value) => {
    answer = undefined;
    if (what === 2) broken = told(value);
    else if (what === 0) answer = init(value);
    else handle(value).then((text) => { answer = text; });
  };
  globalThis.__end = () => {
    if (answer === undefined) {
      log(4, "a promise of this plugin never settles: nothing here happens later");
      throw new Error();
    }
    return answer;
  };

  const api = {
    Failure,
    Refused,
    /** Registers the function that reads the target's config, once, before the first delivery. */
    configure(read) { configure = read; },
    /** Registers the function that takes each delivery: {id, rule, attempt, event, input}. */
    handle(f) { deliver = f; },
    /** The same delivery may succeed later. */
    retry(message) { return new Failure(message, true); },
    /** No further attempt can help; the code is for programs that read dead letters. */
    fail(code, message) { return new Failure(message, false, code); },
    debug(message, data) { log(1, message, data); },
    info(message, data) { log(2, message, data); },
    warn(message, data) { log(3, message, data); },
    error(message, data) { log(4, message, data); },
    /** Adds to a counter of the target. */
    count(name, by) { host(METRIC, JSON.stringify({ name, value: by })); },
    /** The attempt's start, in milliseconds since 1970; Date has it too. */
    now() { return host(NOW); },
    /** n bytes that depend on the delivery alone. */
    random(n) { return Uint8Array.from({ length: n }, random); },
    /** Puts an event on the bus. */
    emit(source, detailType, detail) { ask("emit", { source, "detail-type": detailType, detail }); },
    kv: {
      /** A value, undefined where there is none. */
      get(key) {
        try {
          return JSON.parse(ask("kv_get", { key }));
        } catch (e) {
          if (e.errno === 2) return undefined;
          throw e;
        }
      },
      put(key, value, ttl = 0) { ask("kv_put", { key, value, ttl_ms: ttl }); },
      delete(key) { ask("kv_delete", { key }); },
      list(prefix) { return JSON.parse(ask("kv_list", { prefix })).keys; },
      /** Stores value if the key holds old (undefined: nothing); false when another was first. */
      swap(key, old, value, ttl = 0) {
        try {
          ask("kv_cas", { key, old, value, ttl_ms: ttl });
          return true;
        } catch (e) {
          if (e.errno === 5) return false;
          throw e;
        }
      },
    },
    /** Sends a request: {method, url, headers, body} → {status, headers, body}. Every status is an answer; see done. */
    http(request) { return JSON.parse(ask("http", request)); },
    /** Throws unless the status is 2xx; 408, 425, 429 and 5xx may pass later. */
    done(response) {
      const s = response.status, error = "answered HTTP status " + s;
      if (s >= 200 && s < 300) return;
      if (s === 408 || s === 425 || s === 429 || s >= 500) throw api.retry(error);
      throw api.fail("HTTP_" + s, error);
    },
    /** Calls an action of an AWS service; params and result are those of its API reference. */
    aws(service, action, params) {
      const { result, error } = JSON.parse(ask("aws", { service, action, params }));
      if (error) throw new Failure("aws " + service + "." + action + ": " + error.code + ": " + error.message, error.retry);
      return result;
    },
    /** A handle that the host replaces by the secret on the way out, in an HTTP request. */
    secret(name) { return ask("secret", { name }); },
  };
  return Object.freeze(api);
})();
globalThis.console = Object.fromEntries(["debug", "info", "log", "warn", "error"].map((level) =>
  [level, (...words) => tocsin[level === "log" ? "info" : level](words.map(String).join(" "))]));
