//! One answer each.

use messaging::phone::{PhoneReport, Region};
use messaging::reply::meaning_of;
use messaging::segments::{characters_outside_gsm7, gsm_safe, split};
use serde_json::{Value, json};

/// `{"input","region"}` -> `{"valid","possible","e164","type","region"}`.
pub(super) fn phone(input: &Value) -> Result<Value, String> {
    let number = string(input, "input")?;
    // What libphonenumber does not know (`ZZ`, say) is no region.
    let region = match input.get("region") {
        None | Some(Value::Null) => None,
        Some(Value::String(region)) => region.parse::<Region>().ok(),
        Some(_) => return Err("region must be a string".to_owned()),
    };
    serde_json::to_value(PhoneReport::of(number, region)).map_err(|error| error.to_string())
}

/// `{"text"}` -> `{"encoding","units","segments","segment_units",...}`.
pub(super) fn text(input: &Value) -> Result<Value, String> {
    let text = string(input, "text")?;
    let mut answer = serde_json::to_value(split(text)).map_err(|error| error.to_string())?;
    let outside = characters_outside_gsm7(text);
    if !outside.is_empty() {
        answer["characters_outside_gsm7"] = json!(outside);
        answer["gsm_safe"] = json!(gsm_safe(text));
    }
    Ok(answer)
}

/// `{"text"}` -> `{"meaning"}`.
pub(super) fn reply(input: &Value) -> Result<Value, String> {
    Ok(json!({ "meaning": meaning_of(string(input, "text")?) }))
}

fn string<'a>(input: &'a Value, name: &str) -> Result<&'a str, String> {
    input.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} must be a string"))
}
