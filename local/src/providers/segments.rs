//! The number of parts that Twilio reports for a text.

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Returns the number of parts: in GSM-7 when it has every character, otherwise in UCS-2. No character is
/// split.
pub(crate) fn count(body: &str) -> u32 {
    let septets: Option<Vec<usize>> = body.chars().map(septets).collect();
    match septets {
        Some(units) => parts(units, 160, 153),
        None => parts(body.chars().map(char::len_utf16).collect(), 70, 67),
    }
}

fn septets(character: char) -> Option<usize> {
    match character {
        character if BASIC.contains(character) => Some(1),
        character if EXTENSION.contains(character) => Some(2),
        _ => None,
    }
}

fn parts(units: Vec<usize>, single: usize, each: usize) -> u32 {
    if units.iter().sum::<usize>() <= single {
        return 1;
    }
    let (mut parts, mut room) = (1, each);
    for unit in units {
        if unit > room {
            parts += 1;
            room = each;
        }
        room -= unit;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn parts_are_counted_in_gsm_7_and_ucs_2() {
        for (body, parts) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("€".repeat(80), 1),
            ("€".repeat(153), 3),
            ("\u{2019}".repeat(70), 1),
            ("\u{2019}".repeat(71), 2),
            ("\u{1f642}".repeat(67), 3),
        ] {
            assert_eq!(count(&body), parts, "{} characters", body.chars().count());
        }
    }
}
