//! Plugin tck is the target that the conformance kit asks of every SDK (sdk/abi/tck).
#[path = "tocsin.rs"]
mod tocsin;
use tocsin::*;

struct Tck {
    greeting: String,
    times: i64,
    state: i64,
}

plugin!(Tck);

impl Plugin for Tck {
    fn configure(c: &mut Config) -> Self {
        Tck { greeting: c.required("greeting"), times: c.number("times", 1.0) as i64, state: 0 }
    }

    fn deliver(&mut self, d: &Delivery) -> Result<(), Failure> {
        let text = |name| d.input.get(name).text().unwrap_or_default();
        let say = |pairs: &[(&str, &str)]| info(&self.greeting, pairs);
        match text("do").as_str() {
            "times" => say(&[("text", &self.times.to_string())]),
            "echo" => say(&[("text", &text("text"))]),
            "who" => say(&[("id", &d.id), ("rule", &d.rule), ("attempt", &d.attempt.to_string())]),
            "state" => {
                self.state += 1;
                info(&self.greeting, &[("text", &self.state.to_string())]);
            }
            "time" => say(&[("text", &now().to_string())]),
            "random" => {
                let mut b = [0u8; 8];
                random(&mut b);
                say(&[("text", &format!("{:016x}", u64::from_be_bytes(b)))]);
            }
            "count" => count("seen", 2),
            "emit" => emit("tck", "Echo", d.input.get("detail").raw())?,
            "kv" => {
                kv_put("k/1", d.input.get("value").raw(), 1000)?;
                let old = kv_get("k/1")?.unwrap_or_default();
                let word = |b| if b { "yes" } else { "no" };
                let swapped = format!("{} {}", word(kv_swap("k/1", &old, "2", 0)?), word(kv_swap("k/1", &old, "3", 0)?));
                let keys = kv_list("k/")?.join(" ");
                kv_delete("k/1")?;
                let after = if kv_get("k/1")?.is_none() { "none" } else { "there" };
                say(&[("swapped", &swapped), ("keys", &keys), ("after", after)]);
            }
            "http" => {
                let r = http("POST", &text("url"), &[("content-type", "text/plain")], &text("text"))?;
                say(&[("text", &r.body)]);
                r.done()?;
            }
            "secret" => {
                let bearer = format!("Bearer {}", secret("token")?);
                http("GET", &text("url"), &[("authorization", &bearer)], "")?;
            }
            "aws" => {
                let result = aws("sqs", "SendMessage", d.input.get("params").raw())?;
                say(&[("text", &Value(result.as_bytes()).get("MessageId").text().unwrap_or_default())]);
            }
            "fail" => return Err(fail("NO_CHANNEL", "there is no such channel")),
            "retry" => return Err(retry("not today")),
            _ => return Err(fail("UNKNOWN", "do what?")),
        }
        Ok(())
    }
}
