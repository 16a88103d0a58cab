// Plugin tck is the target that the conformance kit asks of every SDK (sdk/abi/tck).
let greeting, times, state = 0;

tocsin.configure((c) => {
  greeting = c.required("greeting");
  times = c.number("times", 1);
});

const say = (data) => tocsin.info(greeting, data);

const actions = {
  times: () => say({ text: String(times) }),
  echo: ({ text }) => say({ text }),
  who: (_, d) => say({ id: d.id, rule: d.rule, attempt: String(d.attempt) }),
  state: () => say({ text: String(++state) }),
  time: () => say({ text: String(tocsin.now()) }),
  random: () => say({ text: Array.from(tocsin.random(8), (b) => b.toString(16).padStart(2, "0")).join("") }),
  count: () => tocsin.count("seen", 2),
  emit: ({ detail }) => tocsin.emit("tck", "Echo", detail),
  kv({ value }) {
    tocsin.kv.put("k/1", value, 1000);
    const old = tocsin.kv.get("k/1"), word = (b) => (b ? "yes" : "no");
    const swapped = word(tocsin.kv.swap("k/1", old, 2)) + " " + word(tocsin.kv.swap("k/1", old, 3));
    const keys = tocsin.kv.list("k/").join(" ");
    tocsin.kv.delete("k/1");
    say({ swapped, keys, after: tocsin.kv.get("k/1") === undefined ? "none" : "there" });
  },
  http({ url, text }) {
    const response = tocsin.http({ method: "POST", url, headers: { "content-type": "text/plain" }, body: text });
    say({ text: response.body ?? "" });
    tocsin.done(response);
  },
  secret({ url }) { tocsin.http({ method: "GET", url, headers: { authorization: "Bearer " + tocsin.secret("token") } }); },
  aws({ params }) { say({ text: tocsin.aws("sqs", "SendMessage", params).MessageId }); },
  fail() { throw tocsin.fail("NO_CHANNEL", "there is no such channel"); },
  async retry() { await null; throw tocsin.retry("not today"); },
};

tocsin.handle(async (d) => {
  const action = d.input && Object.hasOwn(actions, d.input.do) && actions[d.input.do];
  if (!action) throw tocsin.fail("UNKNOWN", "do what?");
  await action(d.input, d);
});
