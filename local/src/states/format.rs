//! The intrinsic function `States.Format`, the only one that the local engine implements.

use serde_json::{Number, Value};

use super::path::Path;

/// A call such as `States.Format('text with {}', $.a, 'literal', 1, true, null)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// The texts between the placeholders; always one more than there are arguments.
    pieces: Vec<String>,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    Path(Path),
    Literal(Value),
}

impl Format {
    /// Parses a call of `States.Format`.
    ///
    /// # Errors
    /// Returns a sentence that describes the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        if !reader.eat("States.Format") {
            return Err(format!(
                "`{text}`: the only intrinsic function that the local engine implements is States.Format"
            ));
        }
        let format = reader.call()?;
        if reader.rest.trim().is_empty() {
            Ok(format)
        } else {
            Err(format!("unexpected `{}` after States.Format(...)", reader.rest))
        }
    }

    /// Returns the text with its arguments filled in from `document`.
    ///
    /// # Errors
    /// Returns the path that does not exist in the document.
    pub fn fill(&self, document: &Value) -> Result<String, Path> {
        let mut text = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            text.push_str(piece);
            match self.arguments.get(index) {
                Some(Argument::Literal(value)) => show(value, &mut text),
                Some(Argument::Path(path)) => {
                    show(path.get(document).ok_or_else(|| path.clone())?, &mut text)
                }
                None => {}
            }
        }
        Ok(text)
    }
}

/// Renders a value: strings unchanged, objects and lists as AWS prints them, which is not JSON.
fn show(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => text.push_str(string),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                show(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            text.push('{');
            for (index, (name, item)) in map.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(name);
                text.push('=');
                show(item, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let Some(after) = self.rest.strip_prefix(token) else {
            return false;
        };
        self.rest = after;
        true
    }

    fn call(&mut self) -> Result<Format, String> {
        if !self.eat("(") || !self.eat("'") {
            return Err("States.Format needs a text in single quotes as its first argument".to_owned());
        }
        let pieces = self.pieces()?;
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !self.eat(",") {
                return Err(format!("expected `,` or `)` at `{}`", self.rest));
            }
            arguments.push(self.argument()?);
        }
        if pieces.len() != arguments.len() + 1 {
            return Err(format!(
                "States.Format has {} `{{}}` but {} arguments",
                pieces.len() - 1,
                arguments.len()
            ));
        }
        Ok(Format { pieces, arguments })
    }

    fn argument(&mut self) -> Result<Argument, String> {
        if self.eat("'") {
            let mut pieces = self.pieces()?;
            return match (pieces.pop(), pieces.is_empty()) {
                (Some(only), true) => Ok(Argument::Literal(Value::String(only))),
                _ => Err("`{}` must be escaped in an argument".to_owned()),
            };
        }
        let end = self.token_end();
        let (token, after) = self.rest.split_at(end);
        self.rest = after;
        match token.trim() {
            "null" => Ok(Argument::Literal(Value::Null)),
            "true" => Ok(Argument::Literal(Value::Bool(true))),
            "false" => Ok(Argument::Literal(Value::Bool(false))),
            path if path.starts_with('$') => Path::parse(path).map(Argument::Path),
            number => number
                .parse::<Number>()
                .map(|number| Argument::Literal(Value::Number(number)))
                .map_err(|_| format!("`{number}` is not a path, a string, a number, a boolean or null")),
        }
    }

    /// Returns the end of an unquoted argument: a comma or parenthesis outside quotes in brackets.
    fn token_end(&self) -> usize {
        let mut quoted = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                '\'' => quoted = !quoted,
                ',' | ')' if !quoted => return at,
                _ => {}
            }
        }
        self.rest.len()
    }

    /// Reads the rest of a quoted text, split at each `{}`.
    fn pieces(&mut self) -> Result<Vec<String>, String> {
        let mut pieces = vec![];
        let mut piece = String::new();
        let mut chars = self.rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    self.rest = chars.as_str();
                    pieces.push(piece);
                    return Ok(pieces);
                }
                '\\' => match chars.next() {
                    Some(escaped @ ('\'' | '{' | '}' | '\\')) => piece.push(escaped),
                    _ => {
                        return Err("a backslash must be followed by `'`, `{`, `}` or `\\`".to_owned());
                    }
                },
                '{' => {
                    if chars.next() != Some('}') {
                        return Err("a `{` that does not begin `{}` must be escaped".to_owned());
                    }
                    pieces.push(std::mem::take(&mut piece));
                }
                '}' => return Err("a `}` must be escaped".to_owned()),
                other => piece.push(other),
            }
        }
        Err("a text is not closed by a single quote".to_owned())
    }
}
