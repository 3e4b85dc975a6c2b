//! Matches a message, as folded words, against the rules of one language.
//!
//! Each file of `grammar/` holds a language, each compiled with `common.txt` before it. No rule sees
//! the fillers of another language. Positions between words are the bits of one integer, so every
//! way to read a message is followed at once and the cost is words times rules, whatever the message.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The largest number of words that a rule can use; one bit is the position after the last word.
pub(super) const MAX_WORDS: usize = 63;

/// The languages, compiled once per process. A new language is a file and a line here.
pub(super) static LANGUAGES: LazyLock<Vec<Grammar>> =
    LazyLock::new(|| SOURCES.iter().copied().map(Grammar::compile).collect());

macro_rules! with_common {
    ($file:literal) => {
        concat!(include_str!("grammar/common.txt"), "\n", include_str!($file))
    };
}

const SOURCES: [&str; 7] = [
    with_common!("grammar/en.txt"),
    with_common!("grammar/es.txt"),
    with_common!("grammar/fr.txt"),
    with_common!("grammar/de.txt"),
    with_common!("grammar/pt.txt"),
    with_common!("grammar/it.txt"),
    with_common!("grammar/nl.txt"),
];

macro_rules! roots {
    ($($(#[$documentation:meta])* $root:ident = $name:literal,)*) => {
        /// The rules that the reader refers to by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Root {
            $($(#[$documentation])* $root,)*
        }

        const ROOTS: &[&str] = &[$($name),*];
    };
}

roots! {
    /// Courtesy and noise, removed before the rules below are matched.
    Filler = "filler",
    /// A request that is clear also as one sentence of several.
    Refusal = "refusal",
    /// A request that is clear also as the first or the last clause of a sentence.
    Explicit = "explicit",
    /// A clause that restricts the refusal before it.
    Unless = "unless",
    /// A request that is clear only as the whole message, with asides or without.
    Vague = "vague",
    /// A refusal of promotions alone.
    Promotional = "promotional",
    /// Everyday words that refuse only with nothing else around them.
    Bare = "bare",
    /// Phrases that may stand beside a request without changing it.
    Aside = "aside",
    /// A request for texts to start again.
    OptIn = "opt_in_request",
    /// A request for help.
    Help = "help",
    /// A statement that the number belongs to somebody else.
    WrongNumber = "wrong_number",
    /// The beginning of an automatic answer.
    AutoReply = "auto_reply",
    /// The beginning of an automatic answer if a promise follows.
    Away = "away",
    /// The promise of an absent person.
    Promise = "promise",
    /// The beginning of a business's automatic answer if a promise of the team follows.
    Acknowledgement = "acknowledgement",
    /// The promise of a business.
    TeamPromise = "team_promise",
    /// The question of a business after its acknowledgement.
    Offer = "offer",
    /// The words before the quotation of a tapback.
    Tapback = "tapback",
    /// The words before the quotation of a tapback that goes on after it.
    TapbackOpen = "tapback_open",
    /// The words after the quotation of a tapback.
    TapbackClose = "tapback_close",
    /// The attachments that a tapback names in place of a quotation.
    Attachment = "attachment",
    /// An opt-out verb.
    NearVerb = "near_verb",
    /// Words between an opt-out verb and its object.
    NearGap = "near_gap",
    /// Us or our texts, as the object of an opt-out verb.
    NearObject = "near_object",
    /// A phrase that deserves attention wherever it stands in a short message.
    NearPhrase = "near_phrase",
    /// A phrase that takes attention away from a short message.
    Spared = "spared",
    /// An opt-out verb that deserves attention with nothing but noise beside it.
    Alone = "alone",
    /// Words that change nothing about the verb beside them.
    Noise = "noise",
    /// Words of which misspellings are recognized, one per alternative.
    Typed = "typed",
}

/// Named rules in the order of the file.
pub(super) struct Grammar {
    rules: Vec<Rule>,
    vocabulary: HashMap<&'static str, usize>,
    /// The words of the vocabulary by their indexes.
    words: Vec<&'static str>,
    /// The rule of each root; `None` where a language has no such rule.
    roots: Vec<Option<usize>>,
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
    /// One of these words, as indexes of the vocabulary.
    Words(Vec<usize>),
    Rule(usize),
    /// Any one word.
    Any,
    /// A word that begins with a capital letter, as names do.
    Name,
    /// A word of digits alone.
    Digits,
}

/// A set of positions between the words of one message; bit 0 is its beginning.
pub(super) type Positions = u64;

/// The beginning of a message.
pub(super) const BEGINNING: Positions = 1;

impl Grammar {
    fn compile(source: &'static str) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        let mut vocabulary = HashMap::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let alternatives = match line.split_once('=') {
                Some((name, alternatives)) => {
                    rules.push(Rule { name: name.trim(), alternatives: Vec::new() });
                    alternatives
                }
                None => line,
            };
            // A rule refers to those above it: the one being filled cannot be referred to yet.
            let Some((rule, above)) = rules.split_last_mut() else {
                continue;
            };
            let alternatives = alternatives.split('|').filter(|text| !text.trim().is_empty());
            rule.alternatives.extend(alternatives.map(|text| {
                text.split_whitespace().map(|item| Item::compile(item, above, &mut vocabulary)).collect()
            }));
        }
        let roots = ROOTS.iter().map(|root| rules.iter().position(|rule| rule.name == *root)).collect();
        let mut words: Vec<(usize, &str)> = vocabulary.iter().map(|(word, index)| (*index, *word)).collect();
        words.sort_unstable();
        let words = words.into_iter().map(|(_, word)| word).collect();
        Self { rules, vocabulary, words, roots }
    }

    /// Looks up the words of a message; `None` where it is empty or longer than any rule can match.
    ///
    /// `is_name` tests whether a word begins with a capital letter.
    pub(super) fn passage<'a>(
        &'a self,
        words: &[&'a str],
        is_name: &dyn Fn(&str) -> bool,
    ) -> Option<Passage<'a>> {
        if words.is_empty() || words.len() > MAX_WORDS {
            return None;
        }
        let mut passage = Passage {
            grammar: self,
            words: words.to_vec(),
            masks: vec![0; self.vocabulary.len()],
            names: 0,
            digits: 0,
        };
        for (position, word) in words.iter().enumerate() {
            let bit = 1 << position;
            if let Some(mask) = self.vocabulary.get(word).and_then(|index| passage.masks.get_mut(*index)) {
                *mask |= bit;
            }
            if is_name(word) {
                passage.names |= bit;
            }
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                passage.digits |= bit;
            }
        }
        Some(passage)
    }

    /// Whether a word occurs in any rule.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.vocabulary.contains_key(word)
    }

    /// The single words that are the alternatives of a rule.
    pub(super) fn words_of(&self, root: Root) -> impl Iterator<Item = &'static str> {
        let rule = self.root(root).and_then(|index| self.rules.get(index));
        let alternatives = rule.into_iter().flat_map(|rule| &rule.alternatives);
        let single = alternatives.filter_map(|items| match items.as_slice() {
            [Item { symbol: Symbol::Words(words), .. }] => Some(words),
            _ => None,
        });
        single.flatten().filter_map(|index| self.words.get(*index).copied())
    }

    fn root(&self, root: Root) -> Option<usize> {
        self.roots.get(root as usize).copied().flatten()
    }
}

/// The words of one message or sentence, looked up in one grammar.
pub(super) struct Passage<'a> {
    grammar: &'a Grammar,
    words: Vec<&'a str>,
    /// The positions at which each word of the vocabulary stands.
    masks: Vec<Positions>,
    names: Positions,
    digits: Positions,
}

impl Passage<'_> {
    /// All positions at which a rule can begin.
    pub(super) fn anywhere(&self) -> Positions {
        u64::MAX >> (63 - self.words.len())
    }

    /// Whether a set of positions has the end of the message.
    pub(super) fn is_whole(&self, positions: Positions) -> bool {
        positions & (1 << self.words.len()) != 0
    }

    /// The positions at which a rule can end that begins at any of `starts`.
    pub(super) fn ends(&self, root: Root, starts: Positions) -> Positions {
        self.grammar.root(root).map_or(0, |rule| self.ends_at(rule, starts))
    }

    /// The positions at which any number of the rules, one after the other, can end; none counts, too.
    pub(super) fn run(&self, roots: &[Root], starts: Positions) -> Positions {
        let mut reached = starts;
        let mut fresh = starts;
        while fresh != 0 {
            let next = roots.iter().fold(0, |ends, root| ends | self.ends(*root, fresh));
            fresh = next & !reached;
            reached |= next;
        }
        reached
    }

    /// Whether a part of the message is one of the rules.
    pub(super) fn contains(&self, root: Root) -> bool {
        self.ends(root, self.anywhere()) != 0
    }

    /// The words that are not courtesy; of two fillers at one position the longer one is removed.
    pub(super) fn without_fillers(&self) -> Vec<&str> {
        let mut kept = Vec::with_capacity(self.words.len());
        let mut position = 0;
        while let Some(word) = self.words.get(position) {
            let ends = self.ends(Root::Filler, 1 << position);
            if ends == 0 {
                kept.push(*word);
                position += 1;
            } else {
                position = 63 - ends.leading_zeros() as usize;
            }
        }
        kept
    }

    fn ends_at(&self, rule: usize, starts: Positions) -> Positions {
        let Some(rule) = self.grammar.rules.get(rule).filter(|_| starts != 0) else {
            return 0;
        };
        let mut ends = 0;
        for items in &rule.alternatives {
            let mut at = starts;
            for item in items {
                let after = match &item.symbol {
                    Symbol::Words(words) => words.iter().fold(0, |after, word| {
                        after | self.step(self.masks.get(*word).copied().unwrap_or(0), at)
                    }),
                    Symbol::Rule(index) => self.ends_at(*index, at),
                    Symbol::Any => self.step(u64::MAX, at),
                    Symbol::Name => self.step(self.names, at),
                    Symbol::Digits => self.step(self.digits, at),
                };
                at = if item.optional { at | after } else { after };
                if at == 0 {
                    break;
                }
            }
            ends |= at;
        }
        ends
    }

    /// The positions one word after each of `starts` at which one of the words `at` stands.
    fn step(&self, at: Positions, starts: Positions) -> Positions {
        ((at & starts & (u64::MAX >> (64 - self.words.len()))) << 1) & self.anywhere()
    }
}

impl Item {
    fn compile(text: &'static str, above: &[Rule], vocabulary: &mut HashMap<&'static str, usize>) -> Self {
        let (text, optional) = match text.strip_suffix('?') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let referred = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let index = referred.and_then(|name| above.iter().position(|rule| rule.name == name));
        let symbol = match (index, text) {
            (Some(index), _) => Symbol::Rule(index),
            (None, "*") => Symbol::Any,
            (None, "@") => Symbol::Name,
            (None, "#") => Symbol::Digits,
            // A reference to nothing remains a word that no message has; a test rejects it.
            (None, words) => Symbol::Words(
                words
                    .split('/')
                    .map(|word| {
                        let next = vocabulary.len();
                        *vocabulary.entry(word).or_insert(next)
                    })
                    .collect(),
            ),
        };
        Self { symbol, optional }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::folding::fold;

    #[test]
    fn the_files_are_sound() {
        for (language, grammar) in LANGUAGES.iter().enumerate() {
            let referred: Vec<usize> = items(grammar)
                .filter_map(|item| match item.symbol {
                    Symbol::Rule(index) => Some(index),
                    _ => None,
                })
                .collect();
            for (index, rule) in grammar.rules.iter().enumerate() {
                // The words of "real" are there to be known.
                let used = ROOTS.contains(&rule.name) || rule.name == "real" || referred.contains(&index);
                let is_common = index < common_rules();
                assert!(used || is_common, "{} of language {language} is never used", rule.name);
                assert!(!rule.alternatives.is_empty(), "{} is empty", rule.name);
                let first = grammar.rules.iter().position(|other| other.name == rule.name);
                assert_eq!(first, Some(index), "{} of language {language} is there twice", rule.name);
            }
            let optional = ["tapback_open", "tapback_close", "vague"];
            for root in ROOTS.iter().filter(|root| !optional.contains(root)) {
                let present = grammar.rules.iter().any(|rule| rule.name == *root);
                assert!(present, "{root} of language {language} is missing");
            }
        }
    }

    #[test]
    fn every_word_is_one_that_folding_can_give() {
        for grammar in LANGUAGES.iter() {
            for word in grammar.vocabulary.keys() {
                assert_eq!(fold(word), *word);
            }
        }
    }

    /// After removal such a word cannot be in a message, so the alternative would never match.
    #[test]
    fn no_rule_for_the_words_left_has_a_filler() {
        let stripped = [
            "refusal",
            "explicit",
            "unless",
            "vague",
            "promotional",
            "bare",
            "aside",
            "opt_in_request",
            "help",
            "wrong_number",
        ];
        for (language, grammar) in LANGUAGES.iter().enumerate() {
            let fillers: Vec<&str> = grammar.words_of(Root::Filler).collect();
            let mut seen: Vec<bool> =
                grammar.rules.iter().map(|rule| stripped.contains(&rule.name)).collect();
            for index in (0..grammar.rules.len()).rev() {
                for item in grammar.rules[index].alternatives.iter().flatten() {
                    match &item.symbol {
                        Symbol::Rule(other) if seen[index] => seen[*other] = true,
                        Symbol::Words(words) if seen[index] => {
                            for (word, number) in &grammar.vocabulary {
                                let dead = words.contains(number) && fillers.contains(word);
                                assert!(
                                    !dead,
                                    "{} of language {language} can never see {word}",
                                    grammar.rules[index].name
                                );
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    fn common_rules() -> usize {
        Grammar::compile(include_str!("grammar/common.txt")).rules.len()
    }

    fn items(grammar: &Grammar) -> impl Iterator<Item = &Item> {
        grammar.rules.iter().flat_map(|rule| &rule.alternatives).flatten()
    }
}
