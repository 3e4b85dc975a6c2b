//! Holds the layers of `src/lib.rs`: no file imports from a higher layer, and no files import each other in
//! a circle.
//!
//! The test reads the source, because the compiler accepts both. Every path that begins with `crate`,
//! `super`, `self` or a module of the file counts as an import, in a `use` or in the middle of code, and so
//! does a path in a string (`#[serde(with = "crate::...")]`). Two things do not count:
//!
//! - `mod` declarations and re-exports (`pub use`): a module's root lists its parts, and is not built on them,
//!   unless the root uses a name of theirs in its own code. An import of a re-exported name is an import of
//!   the file that defines it.
//! - tests: items under `#[cfg(test)]`, and the files of modules that are declared there.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The layers, from the lowest to the highest. Modules of one layer may import from each other.
const LAYERS: [&[&str]; 8] = [
    &["values"],
    &["text"],
    &["reply"],
    &["journeys"],
    &["conversation"],
    &["ports"],
    &[
        "accept",
        "book",
        "change_consent",
        "forget",
        "one_time_code",
        "plan",
        "receive_message",
        "record_receipt",
        "resolve",
        "take_step",
    ],
    &["testing"],
];

/// Circles that are still to be opened. A file leaves the list with its circle, and none is added.
const KNOWN_CIRCLES: [&[&str]; 3] = [
    &["conversation.rs", "conversation/consent.rs"],
    &["conversation/step.rs", "conversation/step/event.rs", "conversation/step/evidence.rs"],
    &[
        "testing/memory.rs",
        "testing/memory/codes.rs",
        "testing/memory/provider.rs",
        "testing/memory/sending.rs",
        "testing/memory/store.rs",
    ],
];

#[test]
fn no_file_imports_from_a_higher_layer() {
    let upward: Vec<String> = Source::of_this_crate()
        .edges()
        .into_iter()
        .filter(|(from, to)| layer(from) < layer(to))
        .map(|(from, to)| format!("{from} imports from {to}"))
        .collect();
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = circles(&Source::of_this_crate().edges());
    circles.retain(|circle| {
        let is_within = |known: &&[&str]| circle.iter().all(|file| known.contains(&file.as_str()));
        !KNOWN_CIRCLES.iter().any(is_within)
    });
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn every_module_of_the_crate_is_in_a_layer() {
    for file in Source::of_this_crate().files.values() {
        assert!(layer(file) < LAYERS.len(), "{file} is in no layer");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let source = Source::read(&[
        ("values.rs", "pub mod a; mod b; pub use b::{B, C as D}; use crate::text::T;"),
        ("values/a.rs", "use super::{B, D}; mod inner { use super::x; fn f() { crate::text::f() } }"),
        ("values/b.rs", "#[serde(with = \"crate::ports::p\")] struct B; fn f() { super::a::f('\"') }"),
        ("text.rs", "/* crate::plan */ // crate::plan\n#[cfg(test)] mod tests { use crate::plan::P; }"),
        ("ports.rs", "mod p; use p::P; #[cfg(test)] mod q;"),
        ("ports/p.rs", "const S: &str = r#\"crate::plan\"#; fn f<'a>() -> &'a u8 { crate::values::a::f() }"),
        ("ports/q.rs", "use crate::plan::P;"),
        ("plan.rs", ""),
    ]);
    let edges: Vec<String> = source.edges().iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    assert_eq!(
        edges,
        [
            "ports.rs -> ports/p.rs",
            "ports/p.rs -> values/a.rs",
            "values.rs -> text.rs",
            "values/a.rs -> text.rs",
            "values/a.rs -> values/b.rs",
            "values/b.rs -> ports/p.rs",
            "values/b.rs -> values/a.rs",
        ]
    );
    assert_eq!(circles(&source.edges()), [["ports/p.rs", "values/a.rs", "values/b.rs"]]);
}

/// The index of a file's layer in [`LAYERS`]; their number for a file of none.
fn layer(file: &str) -> usize {
    let module = file.split(['/', '.']).next().unwrap();
    LAYERS.iter().position(|layer| layer.contains(&module)).unwrap_or(LAYERS.len())
}

/// The groups of files of which each reaches every other along imports.
fn circles(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let reached_from = |start: &String| {
        let mut reached = BTreeSet::new();
        let mut left = vec![start];
        while let Some(file) = left.pop() {
            for (_, to) in edges.iter().filter(|(from, _)| from == file) {
                if reached.insert(to) {
                    left.push(to);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&String, _> = edges.iter().map(|(from, _)| (from, reached_from(from))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, others) in &reached {
        let returns = |other: &&&String| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: Vec<String> = others.iter().filter(returns).map(|other| (*other).clone()).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The segments of a path from the root of the crate: `["values", "phone", "PhoneNumber"]`.
type Segments = Vec<String>;

/// The modules of a crate and the paths in them.
#[derive(Default)]
struct Source {
    /// The file of each module; an inline module has the file that it is written in.
    files: BTreeMap<Segments, String>,
    /// The path behind each name that a module brings in by `use`, re-exports included.
    names: BTreeMap<Segments, Segments>,
    /// The module in which a path is written, and the path.
    imports: BTreeSet<(Segments, Segments)>,
    /// The modules that are declared under `#[cfg(test)]` and have a file of their own.
    tests: BTreeSet<Segments>,
}

impl Source {
    fn of_this_crate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                    files.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        files.retain(|(name, _)| name != "lib.rs");
        assert!(files.len() > 50, "the source is not where it is expected: {}", root.display());
        Self::read(&files)
    }

    fn read(files: &[(impl AsRef<str>, impl AsRef<str>)]) -> Self {
        let mut source = Self::default();
        for (file, _) in files {
            let module = file.as_ref().trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            source.files.insert(module, file.as_ref().to_owned());
        }
        for (module, file) in source.files.clone() {
            let (_, text) = files.iter().find(|(name, _)| name.as_ref() == file).unwrap();
            Reader { source: &mut source, tokens: tokens(text.as_ref()), at: 0 }.read(module);
        }
        for tests in std::mem::take(&mut source.tests) {
            source.files.retain(|module, _| !module.starts_with(&tests));
        }
        source
    }

    /// Pairs of files: one that imports and the one that it imports from.
    fn edges(&self) -> BTreeSet<(String, String)> {
        let mut edges = BTreeSet::new();
        for (module, path) in &self.imports {
            // The modules of tests have been removed.
            let Some(from) = self.files.get(module) else { continue };
            match self.file_of(path) {
                Some(to) if to != from => edges.insert((from.clone(), to.clone())),
                _ => continue,
            };
        }
        edges
    }

    /// The file that defines what a path leads to, re-exports followed.
    fn file_of(&self, path: &[String]) -> Option<&String> {
        for length in 1..=path.len() {
            let (head, rest) = path.split_at(length);
            if self.files.contains_key(head) {
                continue;
            }
            return match self.names.get(head) {
                Some(target) => self.file_of(&[target.as_slice(), rest].concat()),
                None => self.files.get(&head[..length - 1]),
            };
        }
        self.files.get(path)
    }
}

/// Reads the paths of one file.
struct Reader<'a> {
    source: &'a mut Source,
    tokens: Vec<String>,
    at: usize,
}

impl Reader<'_> {
    /// Reads the items of a module, up to the brace that closes it or the end of the file.
    fn read(&mut self, module: Segments) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            let token = self.tokens[self.at].clone();
            match token.as_str() {
                "#" if self.is_next(&["#", "[", "cfg", "(", "test", ")", "]"]) => self.skip_test(&module),
                "mod" if self.token(2) == "{" => {
                    let inner = [module.as_slice(), &[self.token(1).to_owned()]].concat();
                    let file = self.source.files[&module].clone();
                    self.source.files.insert(inner.clone(), file);
                    self.at += 3;
                    self.read(inner);
                }
                "use" => {
                    let is_public = self.at > 0 && matches!(self.tokens[self.at - 1].as_str(), "pub" | ")");
                    self.at += 1;
                    self.read_use(&module, &[], is_public);
                }
                "{" | "}" => {
                    self.at += 1;
                    if token == "}" && depth == 0 {
                        return;
                    }
                    depth += if token == "{" { 1 } else { -1 };
                }
                _ => self.read_path(&module),
            }
        }
    }

    /// Skips an item under `#[cfg(test)]`, and notes a module that is declared there.
    fn skip_test(&mut self, module: &Segments) {
        self.at += 7;
        if self.token(0) == "mod" && self.token(2) == ";" {
            let tests = [module.as_slice(), &[self.token(1).to_owned()]].concat();
            self.source.tests.insert(tests);
        }
        let mut depth = 0;
        while self.at < self.tokens.len() {
            let token = self.tokens[self.at].as_str();
            match token {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(token, ";" | "}") {
                return;
            }
        }
    }

    /// Reads one tree of a `use`, behind the path that leads to it.
    fn read_use(&mut self, module: &Segments, before: &[String], is_public: bool) {
        let mut path = before.to_vec();
        loop {
            match self.token(0) {
                "{" => {
                    while !matches!(self.token(0), "}" | "") {
                        self.at += 1;
                        if self.token(0) != "}" {
                            self.read_use(module, &path, is_public);
                        }
                    }
                    self.at += 1;
                    return;
                }
                "::" => {}
                "," | "}" | ";" | "" | "as" => break,
                segment => path.push(segment.to_owned()),
            }
            self.at += 1;
        }
        if path.last().is_some_and(|last| (last == "self" && path.len() > 1) || last == "*") {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.token(0) == "as" {
            name = self.token(1).to_owned();
            self.at += 2;
        }
        let Some(target) = self.resolved_from_root(module, &path) else { return };
        if !is_public {
            self.source.imports.insert((module.clone(), target.clone()));
        }
        self.source.names.insert([module.as_slice(), &[name]].concat(), target);
    }

    /// Reads a path in the middle of code or in a string, or steps over a token that begins none.
    fn read_path(&mut self, module: &Segments) {
        let mut path = vec![self.token(0).to_owned()];
        if let Some(text) = self.token(0).strip_prefix('"') {
            path = text.split("::").map(str::to_owned).collect();
        }
        self.at += 1;
        while self.token(0) == "::" && is_word(self.token(1)) {
            path.push(self.token(1).to_owned());
            self.at += 2;
        }
        let is_in_use = self.source.names.contains_key(&[module.as_slice(), &path[..1]].concat());
        if (path.len() > 1 || is_in_use)
            && let Some(target) = self.resolved_from_root(module, &path)
        {
            self.source.imports.insert((module.clone(), target));
        }
    }

    /// The path from the root of the crate; `None` for a path into another crate.
    fn resolved_from_root(&self, module: &[String], path: &[String]) -> Option<Segments> {
        let (first, rest) = path.split_first()?;
        let base = match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" => module,
            "super" => {
                let above = &module[..module.len() - 1];
                let goes_on = rest.first().is_some_and(|next| next == "super");
                return if goes_on {
                    self.resolved_from_root(above, rest)
                } else {
                    Some([above, rest].concat())
                };
            }
            _ => {
                let child = [module, std::slice::from_ref(first)].concat();
                let is_known =
                    self.source.files.contains_key(&child) || self.source.names.contains_key(&child);
                return is_known.then(|| [child.as_slice(), rest].concat());
            }
        };
        Some([base, rest].concat())
    }

    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn is_next(&self, expected: &[&str]) -> bool {
        expected.iter().enumerate().all(|(ahead, token)| self.token(ahead) == *token)
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The tokens of Rust source: words, `::` and single characters; a string begins with its quotation mark and
/// lacks the closing one. Comments and characters in quotation marks are left out.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            let length = quoted(rest, '"');
            tokens.push(rest[..length - 1].to_owned());
            length
        } else if first == '\'' {
            let is_character = rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'');
            if is_character { quoted(rest, '\'') } else { 1 }
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if word > 0 {
            tokens.push(rest[..word].to_owned());
            word
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a quotation, escapes included.
fn quoted(text: &str, mark: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == mark {
            return at + 1;
        }
    }
    text.len()
}

/// The length of a raw string, if the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let opened = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = opened.len() - opened.trim_start_matches('#').len();
    let content = opened[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = content.find(&end)? + end.len();
    Some(text.len() - content.len() + length)
}
