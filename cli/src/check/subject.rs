//! The explanations of `check`, each a function from JSON to JSON.

use messaging::journeys::prices::Prices;
use messaging::reply::{ReplyMeaning, read};
use messaging::text::fit::FitRule;
use messaging::text::segments::{characters_outside_gsm7, gsm_safe, split};
use messaging::values::channel::Category;
use messaging::values::phone::{PhoneReport, Region};
use serde_json::{Value, json};

/// Explains a phone number: `{"input","region"}` -> `{"valid","possible","e164","type","region"}`.
pub(super) fn phone(input: &Value) -> Result<Value, String> {
    let number = string(input, "input")?;
    // A region that libphonenumber does not know (such as `ZZ`) counts as absent.
    let region = match input.get("region") {
        None | Some(Value::Null) => None,
        Some(Value::String(region)) => region.parse::<Region>().ok(),
        Some(_) => return Err("region must be a string".to_owned()),
    };
    serde_json::to_value(PhoneReport::of(number, region)).map_err(|error| error.to_string())
}

/// Explains a text: `{"text","country"?,"category"?}` ->
/// `{"encoding","units","segments","segment_units",...}`, with `cost_micro_usd` if the country is given and
/// its price is known.
pub(super) fn text(input: &Value) -> Result<Value, String> {
    let text = string(input, "text")?;
    let counted = split(text);
    let mut answer = serde_json::to_value(&counted).map_err(|error| error.to_string())?;
    if let Some(country) = optional(input, "country")? {
        let country: Region =
            country.parse().map_err(|_| "country must be two capital letters, such as US")?;
        let category = optional(input, "category")?.unwrap_or("transactional");
        let category: Category = serde_json::from_value(json!(category))
            .map_err(|_| "category must be transactional, conversational, promotional or otp")?;
        if let Some(cost) = Prices::default().cost(country, category, counted.segments) {
            answer["cost_micro_usd"] = json!(cost);
        }
    }
    let longest = FitRule { max_parts: FitRule::MAX_PARTS, truncate: false, gsm_safe: false };
    if !longest.holds(text) {
        answer["too_long"] = json!(true);
    }
    let outside = characters_outside_gsm7(text);
    if !outside.is_empty() {
        answer["characters_outside_gsm7"] = json!(outside);
        answer["gsm_safe"] = json!(gsm_safe(text));
    }
    Ok(answer)
}

/// Explains a reply: `{"text"}` -> `{"meaning"}`, with `scope` (`all`, `promotional`) for an opt-out and
/// `"attention":true` for a reply that nearly refuses.
pub(super) fn reply(input: &Value) -> Result<Value, String> {
    let reading = read(string(input, "text")?);
    let mut answer = json!({ "meaning": reading.meaning });
    if reading.meaning == ReplyMeaning::OptOut {
        answer["scope"] = json!(reading.scope);
    }
    if reading.attention {
        answer["attention"] = json!(true);
    }
    Ok(answer)
}

fn optional<'a>(input: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string")),
    }
}

fn string<'a>(input: &'a Value, name: &str) -> Result<&'a str, String> {
    input.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} must be a string"))
}
