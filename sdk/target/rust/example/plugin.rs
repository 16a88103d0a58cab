//! Plugin big-order tells a webhook about orders of a certain size.
#[path = "tocsin.rs"]
mod tocsin;
use tocsin::{fail, http, info, Config, Delivery, Failure, Object, Plugin};

/// What the target's config says. It is read once and kept for every delivery; what a delivery
/// itself changes is gone before the next one.
struct BigOrder {
    url: String,
    at_least: f64,
}

plugin!(BigOrder);

impl Plugin for BigOrder {
    fn configure(c: &mut Config) -> Self {
        BigOrder { url: c.required("url"), at_least: c.number("at_least", 1000.0) }
    }

    /// Takes one event. `retry` asks for another attempt, `fail` gives up at once.
    fn deliver(&mut self, d: &Delivery) -> Result<(), Failure> {
        let detail = d.input.get("detail");
        let amount = detail.get("amount");
        let n = amount.number().ok_or_else(|| fail("NO_AMOUNT", "detail.amount is no number"))?;
        if n < self.at_least {
            return Ok(());
        }
        let id = detail.get("id").text().unwrap_or_default();
        let order = Object::new().text("order", &id).value("amount", amount.raw()).json();
        let answer = http("POST", &self.url, &[("content-type", "application/json")], &order)?;
        info("a big order", &[("order", &id)]);
        answer.done()
    }
}
