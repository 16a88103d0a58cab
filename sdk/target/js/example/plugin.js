// Plugin big-order tells a webhook about orders of a certain size.

// What the target's config says. It is read once and kept for every delivery; what a
// delivery itself changes is gone before the next one.
let url, atLeast;

tocsin.configure((config) => {
  url = config.required("url");
  atLeast = config.number("at_least", 1000);
});

// Takes one event. tocsin.retry asks for another attempt, tocsin.fail gives up at once.
tocsin.handle((delivery) => {
  const { id, amount } = delivery.input.detail ?? {};
  if (typeof amount !== "number") throw tocsin.fail("NO_AMOUNT", "detail.amount is no number");
  if (amount < atLeast) return;

  const answer = tocsin.http({
    method: "POST",
    url,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ order: id, amount }),
  });
  tocsin.info("a big order", { order: id });
  tocsin.done(answer);
});
