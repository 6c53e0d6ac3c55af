//! Rust names from the provider's.

/// Words that no field or method of ours can be called, with what stands for them.
const TAKEN: &[(&str, &str)] = &[
    ("type", "kind"),
    ("ref", "reference"),
    ("in", "in_"),
    ("self", "self_"),
    ("match", "matching"),
    ("for", "for_"),
    ("where", "where_"),
    ("move", "move_"),
    ("use", "use_"),
    ("loop", "loop_"),
    ("mod", "mod_"),
    ("as", "as_"),
    ("async", "async_"),
    ("static", "static_"),
    ("enum", "enumeration"),
    ("struct", "structure"),
    ("trait", "trait_"),
    ("impl", "impl_"),
    ("fn", "function"),
    ("box", "box_"),
    ("final", "final_"),
    ("override", "override_"),
    ("priv", "private"),
    ("pub", "public"),
    ("super", "super_"),
    ("crate", "crate_"),
    ("const", "constant"),
    ("continue", "continue_"),
    ("break", "break_"),
    ("else", "else_"),
    ("if", "if_"),
    ("let", "let_"),
    ("return", "return_"),
    ("true", "true_"),
    ("false", "false_"),
    ("new", "is_new"),
    ("clone", "clone_"),
    ("default", "default_value"),
];

/// The words of a name in any of the styles that the documents mix.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1);
        let starts = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase()
                    || b.is_numeric()
                    || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase() && *a != 's'))
            });
        if starts {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        word.extend(c.to_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// `snake_case`, and no word of the language.
pub(super) fn snake(name: &str) -> String {
    let mut snake = words(name).join("_");
    if snake.is_empty() || snake.starts_with(|c: char| c.is_numeric()) {
        snake.insert(0, 'n');
    }
    match TAKEN.iter().find(|(taken, _)| *taken == snake) {
        Some((_, instead)) => (*instead).to_owned(),
        None => snake,
    }
}

/// `PascalCase`.
pub(super) fn pascal(name: &str) -> String {
    let joined: String = words(name).iter().map(|word| capital(word)).collect();
    if joined.is_empty() {
        "Empty".to_owned()
    } else if joined.starts_with(|c: char| c.is_numeric()) {
        format!("N{joined}")
    } else {
        joined
    }
}

/// The word with a capital.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// A schema's name without what says only that it is one.
pub(super) fn type_name(schema: &str) -> String {
    let mut name = pascal(schema);
    for (end, instead) in [
        ("Dto", ""),
        ("Schema", ""),
        ("Dto", ""),
        ("SuccessfulResponse", "Response"),
        ("SuccessResponse", "Response"),
    ] {
        if let Some(stem) = name.strip_suffix(end)
            && !stem.is_empty()
        {
            name = format!("{stem}{instead}");
        }
    }
    name
}

/// One of many, as far as English is regular.
pub(super) fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        format!("{stem}y")
    } else if word.ends_with("sses") || word.ends_with("ches") || word.ends_with("xes") {
        word[..word.len() - 2].to_owned()
    } else if word.ends_with("ss") || word.ends_with("us") || !word.ends_with('s') {
        word.to_owned()
    } else {
        word[..word.len() - 1].to_owned()
    }
}

/// The words as a phrase.
pub(super) fn phrase(name: &str) -> String {
    words(name)
        .iter()
        .map(|word| match word.as_str() {
            "id" | "ids" | "url" | "urls" | "sms" | "api" | "csv" | "html" | "ip" | "pdf"
            | "uuid" | "utm" | "dnd" | "gmb" | "ai" | "seo" | "iso" => word
                .to_uppercase()
                .replace("IDS", "ids")
                .replace("ID", "id"),
            _ => word.clone(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_style() {
        for (name, expected) in [
            ("locationId", "location_id"),
            (
                "GET-all-or-email-sms-templates",
                "get_all_or_email_sms_templates",
            ),
            ("SMSTemplate", "sms_template"),
            ("userIDs", "user_ids"),
            ("customer_id", "customer_id"),
            ("address1", "address1"),
            ("type", "kind"),
            ("_id", "id"),
            ("404Page", "n404_page"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(pascal("create-invoice"), "CreateInvoice");
        assert_eq!(
            type_name("CreateInvoiceResponseDto"),
            "CreateInvoiceResponse"
        );
        assert_eq!(
            type_name("GetTasksListSuccessfulResponseDto"),
            "GetTasksListResponse"
        );
        assert_eq!(singular("opportunities"), "opportunity");
    }
}
