//! Leaves what the person wrote: no mail signature, no quotation of our own text.

use super::folding::fold;

/// How signatures of phones and mail programs begin, folded.
const SIGNATURES: [&str; 22] = [
    "sent from my ",
    "sent from mail",
    "sent from outlook",
    "sent from yahoo",
    "sent from proton",
    "sent from samsung",
    "sent via ",
    "sent using ",
    "get outlook for ",
    "envoye de mon ",
    "envoye depuis ",
    "von meinem ",
    "gesendet von ",
    "enviado desde ",
    "enviado do meu ",
    "enviado a partir do meu ",
    "enviado de mi ",
    "inviato da ",
    "inviato dal ",
    "verzonden vanaf ",
    "verstuurd vanaf ",
    "verzonden met ",
];

/// How lines above a quotation begin and end in a mail program, folded.
const QUOTATION_HEADS: [(&str, &str); 8] = [
    ("on ", " wrote"),
    ("el ", " escribio"),
    ("le ", " a ecrit"),
    ("am ", " schrieb"),
    ("em ", " escreveu"),
    ("a ", " escreveu"),
    ("il ", " ha scritto"),
    ("op ", " schreef"),
];

/// The text without signature and quotation.
///
/// A cut that would leave no word is not made: then the marks are the message's own, as in
/// `> STOP` or `--STOP`.
pub(super) fn own_words(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut has_words = false;
    for line in text.lines() {
        let folded = fold(line);
        if has_words && ends_message(line.trim(), &folded) {
            break;
        }
        if line.trim_start().starts_with('>') {
            continue;
        }
        has_words |= !folded.is_empty();
        kept.push_str(line);
        kept.push('\n');
    }
    if has_words { kept } else { text.to_owned() }
}

/// Whether nothing from this line on is the person's.
fn ends_message(line: &str, folded: &str) -> bool {
    let is_signature_mark = matches!(line, "--" | "—" | "___" | "---");
    let is_quotation_head =
        QUOTATION_HEADS.iter().any(|(first, last)| folded.starts_with(first) && folded.ends_with(last))
            || folded.starts_with("original message")
            || folded.starts_with("forwarded message");
    is_signature_mark || is_quotation_head || SIGNATURES.iter().any(|signature| folded.starts_with(signature))
}

#[cfg(test)]
mod tests {
    use super::own_words;

    #[test]
    fn signature_and_quotation_go_and_the_message_stays() {
        for text in [
            "Stop\n-- \nJane Doe\nACME",
            "Stop\n\nSent from my iPhone",
            "Stop\nEnvoyé de mon iPhone",
            "Stop\n> Hi Jane, see you on Tuesday",
            "> Hi Jane, see you on Tuesday\nStop",
            "Stop\nOn Fri, 20 Nov 2026 at 10:00, ACME <a@example.com> wrote:\n> Hi Jane",
            "Stop\nEl vie, 20 nov 2026 a las 10:00, ACME escribió:\n> Hola",
            "Stop\nEnviado do meu iPhone",
            "Stop\nVerzonden vanaf mijn iPhone",
            "Stop\n-----Original Message-----\nHi Jane",
        ] {
            assert_eq!(own_words(text).trim(), "Stop", "{text}");
        }
        for text in ["> STOP", "--\nStop", "Sent from my iPhone", "", ">\n>"] {
            assert_eq!(own_words(text).trim(), text, "{text}");
        }
    }
}
