//! Matches a message, as folded words, against the rules of `grammar.txt`.
//!
//! Positions between words are the bits of one integer, so every way to read a message is
//! followed at once and the cost is words times rules, whatever the message.

use std::sync::LazyLock;

/// More words than any rule can use; one bit is the position after the last.
pub(super) const MAX_WORDS: usize = 63;

/// The rules, compiled once per process.
pub(super) static GRAMMAR: LazyLock<Grammar> =
    LazyLock::new(|| Grammar::compile(include_str!("grammar.txt")));

/// Named rules in the order of the file.
pub(super) struct Grammar {
    rules: Vec<Rule>,
}

struct Rule {
    name: &'static str,
    alternatives: Vec<Vec<Item>>,
}

struct Item {
    symbol: Symbol,
    optional: bool,
}

enum Symbol {
    Word(&'static str),
    Rule(usize),
}

/// A set of positions between the words of one message; bit 0 is its beginning.
pub(super) type Positions = u64;

/// The beginning of a message.
pub(super) const BEGINNING: Positions = 1;

impl Grammar {
    fn compile(source: &'static str) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let alternatives = match line.split_once('=') {
                Some((name, alternatives)) => {
                    rules.push(Rule { name: name.trim(), alternatives: Vec::new() });
                    alternatives
                }
                None => line,
            };
            // A rule refers to those above it: the one being filled is not yet to be seen.
            let Some((rule, above)) = rules.split_last_mut() else {
                continue;
            };
            let alternatives = alternatives.split('|').filter(|text| !text.trim().is_empty());
            rule.alternatives.extend(
                alternatives
                    .map(|text| text.split_whitespace().map(|item| Item::compile(item, above)).collect()),
            );
        }
        Self { rules }
    }

    /// Where a rule can end that begins at any of `starts`.
    pub(super) fn ends(&self, rule: &str, words: &[&str], starts: Positions) -> Positions {
        match self.rules.iter().position(|known| known.name == rule) {
            Some(index) => self.ends_at(index, words, starts),
            None => 0,
        }
    }

    /// Where any number of the rules, one after the other, can end; none counts, too.
    pub(super) fn run(&self, rules: &[&str], words: &[&str], starts: Positions) -> Positions {
        let mut reached = starts;
        let mut fresh = starts;
        while fresh != 0 {
            let next = rules.iter().fold(0, |ends, rule| ends | self.ends(rule, words, fresh));
            fresh = next & !reached;
            reached |= next;
        }
        reached
    }

    fn ends_at(&self, rule: usize, words: &[&str], starts: Positions) -> Positions {
        let Some(rule) = self.rules.get(rule).filter(|_| starts != 0) else {
            return 0;
        };
        rule.alternatives.iter().fold(0, |ends, items| {
            ends | items.iter().fold(starts, |at, item| {
                let after = match item.symbol {
                    Symbol::Word(word) => step(word, words, at),
                    Symbol::Rule(index) => self.ends_at(index, words, at),
                };
                if item.optional { at | after } else { after }
            })
        })
    }
}

impl Item {
    fn compile(text: &'static str, above: &[Rule]) -> Self {
        let (text, optional) = match text.strip_suffix('?') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let referred = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let index = referred.and_then(|name| above.iter().position(|rule| rule.name == name));
        // A reference to nothing stays a word that no message has; a test forbids it.
        Self { symbol: index.map_or(Symbol::Word(text), Symbol::Rule), optional }
    }
}

/// One word further from each position that has this word next.
fn step(word: &str, words: &[&str], starts: Positions) -> Positions {
    let mut ends = 0;
    let mut left = starts;
    while left != 0 {
        let position = left.trailing_zeros() as usize;
        left &= left - 1;
        if words.get(position) == Some(&word) {
            ends |= 1 << (position + 1);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::folding::fold;

    #[test]
    fn the_file_is_sound() {
        let referred: Vec<usize> = items()
            .filter_map(|item| match item.symbol {
                Symbol::Rule(index) => Some(index),
                Symbol::Word(_) => None,
            })
            .collect();
        let roots = [
            "filler",
            "request",
            "bare",
            "aside",
            "opt_in_request",
            "help",
            "auto_reply",
            "away",
            "acknowledgement",
            "promise",
            "team_promise",
        ];
        for (index, rule) in GRAMMAR.rules.iter().enumerate() {
            let used = roots.contains(&rule.name) || referred.contains(&index);
            assert!(used, "{} is never used", rule.name);
            assert!(!rule.alternatives.is_empty(), "{} is empty", rule.name);
            let first = GRAMMAR.rules.iter().position(|other| other.name == rule.name);
            assert_eq!(first, Some(index), "{} is there twice", rule.name);
        }
        for root in roots {
            assert!(GRAMMAR.rules.iter().any(|rule| rule.name == root), "{root} is missing");
        }
    }

    #[test]
    fn every_word_is_one_that_folding_can_give() {
        for item in items() {
            if let Symbol::Word(word) = item.symbol {
                assert_eq!(fold(word), word);
            }
        }
    }

    #[test]
    fn no_rule_but_the_fillers_begins_with_what_is_removed() {
        // After removal such a word cannot be in a message, so the alternative would be dead.
        let filler = GRAMMAR.rules.iter().find(|rule| rule.name == "filler").unwrap();
        let single: Vec<&str> = filler.alternatives.iter().filter_map(|items| only_word(items)).collect();
        let kept_whole = [
            "auto_reply",
            "away",
            "when",
            "courtesy",
            "acknowledgement",
            "promise",
            "team_promise",
            "filler",
            "device",
        ];
        for rule in GRAMMAR.rules.iter().filter(|rule| !kept_whole.contains(&rule.name)) {
            for item in rule.alternatives.iter().flatten() {
                if let Symbol::Word(word) = item.symbol {
                    assert!(!single.contains(&word), "{} can never see {word}", rule.name);
                }
            }
        }
    }

    fn only_word(items: &[Item]) -> Option<&'static str> {
        match items {
            [Item { symbol: Symbol::Word(word), .. }] => Some(word),
            _ => None,
        }
    }

    fn items() -> impl Iterator<Item = &'static Item> {
        GRAMMAR.rules.iter().flat_map(|rule| &rule.alternatives).flatten()
    }
}
