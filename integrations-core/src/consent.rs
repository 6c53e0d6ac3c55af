//! What people answer to text messages when they want no more of them.
//!
//! A carrier's keyword counts when it is the whole message and not otherwise: "cancel" opts out, "please cancel my
//! appointment" does not. What comes near is told apart, for a person to look at.
//!
//! ```
//! use integrations_core::consent::{Reading, read};
//!
//! assert_eq!(read(" stop. "), Reading::Stop);
//! assert_eq!(read("See you at the weekend"), Reading::Nothing);
//! assert_eq!(read("Stop. Thank you"), Reading::NearStop);
//! ```

/// What a message says about being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reading {
    /// Write no more: a keyword, and nothing else.
    Stop,
    /// It may mean that, but is more than a keyword: a person should look.
    NearStop,
    /// Write again: a keyword, and nothing else.
    Start,
    /// A question who writes: a keyword, and nothing else.
    Help,
    /// Nothing about it.
    Nothing,
}

/// The keywords of the carriers and of the regulator, in capitals, words apart by one space.
const STOP: [&str; 10] = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "OPT OUT",
];
const START: [&str; 2] = ["START", "UNSTOP"];
const HELP: [&str; 2] = ["HELP", "INFO"];
/// Words that say so wherever they stand. The other keywords are everyday words.
const PLAIN: [&str; 4] = ["STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"];
/// A message that is longer is not read to its end.
const LONGEST: usize = 2000;

/// Reads a message. The case, and whatever is neither letter nor digit, does not matter.
#[must_use]
pub fn read(message: &str) -> Reading {
    let words: Vec<String> = message
        .chars()
        .take(LONGEST)
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let whole = words.join(" ");
    if STOP.contains(&whole.as_str()) {
        return Reading::Stop;
    }
    if START.contains(&whole.as_str()) {
        return Reading::Start;
    }
    if HELP.contains(&whole.as_str()) {
        return Reading::Help;
    }
    let starts = STOP.iter().any(|keyword| {
        whole
            .strip_prefix(keyword)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    let has_plain = words.iter().any(|word| PLAIN.contains(&word.as_str()));
    let opts_out = words
        .windows(2)
        .any(|pair| pair[0] == "OPT" && pair[1] == "OUT");
    match starts || has_plain || opts_out {
        true => Reading::NearStop,
        false => Reading::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_whole_messages_in_any_case() {
        for text in [
            "STOP",
            "stop",
            "Stop.",
            " sToP \n",
            "STOP!!",
            "«stop»",
            "🛑 stop 🛑",
            "StopAll",
            "stop all",
            "STOP-ALL",
            "unsubscribe",
            "Cancel",
            "END",
            "end.",
            "quit",
            "Revoke",
            "optout",
            "opt out",
            "Opt-Out",
        ] {
            assert_eq!(read(text), Reading::Stop, "{text}");
        }
        for text in ["start", "UNSTOP", " Start! "] {
            assert_eq!(read(text), Reading::Start, "{text}");
        }
        for text in ["help", "INFO", "help?"] {
            assert_eq!(read(text), Reading::Help, "{text}");
        }
    }

    /// The original system looked for the keywords anywhere in the text.
    #[test]
    fn a_substring_is_no_keyword() {
        for text in [
            "See you at the weekend",
            "send it to me",
            "my cancellation",
            "more information please",
            "restart",
            "unstoppable",
            "nonstop",
            "the end of the day",
            "Please cancel my appointment",
            "I quite like it",
            "Yes",
            "Call me",
            "",
            "...",
            "S T O P",
            "bookend",
            "helpful",
        ] {
            assert_eq!(read(text), Reading::Nothing, "{text}");
        }
    }

    #[test]
    fn what_comes_near_is_told_apart() {
        for text in [
            "Stop. Thank you",
            "STOP texting me",
            "please stop",
            "We have got to STOP this terrible bill",
            "end this now",
            "I want to opt out",
            "how do I unsubscribe",
            "Cancel my subscription",
        ] {
            assert_eq!(read(text), Reading::NearStop, "{text}");
        }
    }

    #[test]
    fn a_long_message_is_read_without_trouble() {
        assert_eq!(read(&"stop ".repeat(100_000)), Reading::NearStop);
        assert_eq!(read(&"\u{1F6D1}".repeat(100_000)), Reading::Nothing);
    }
}
