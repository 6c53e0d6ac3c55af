//! Which kinds of events are wanted.

use integrations_core::webhook::Event;
use serde_json::Value;

/// The config field that lists the kinds of events an integration wants, where its template has one.
const CONFIG_FIELD: &str = "webhookEvents";

/// The list of an integration's config; `None`: it wants everything.
pub(crate) fn of_config(config: &Value) -> Option<Vec<String>> {
    let listed = config.get(CONFIG_FIELD)?.as_array()?;
    let kinds = listed.iter().filter_map(Value::as_str);
    Some(kinds.map(str::to_owned).collect())
}

/// Whether a list names a kind: as it is, or by its beginning before a `*`.
pub(crate) fn names(wanted: Option<&[String]>, event: &Event) -> bool {
    let kind = event.kind();
    wanted.is_none_or(|wanted| {
        wanted.iter().any(|one| match one.strip_suffix('*') {
            Some(beginning) => kind.starts_with(beginning),
            None => kind == one,
        })
    })
}

#[cfg(test)]
mod tests {
    use integrations_core::webhook::EventParts;
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_listed_whole_or_by_their_beginning() {
        let event = |kind: &str| {
            let at = "2026-11-21T08:00:00Z".parse().unwrap();
            Event::restore(EventParts::new("acme", kind, "acme", at, "{}"))
        };
        let wanted = of_config(&json!({ "webhookEvents": ["Contact*", "Note", 7] })).unwrap();
        for (kind, wants) in [
            ("ContactCreate", true),
            ("Contact", true),
            ("Note", true),
            ("NoteCreate", false),
            ("", false),
        ] {
            assert_eq!(names(Some(&wanted), &event(kind)), wants, "{kind}");
        }
        assert!(names(None, &event("x")));
        assert!(
            !names(Some(&[]), &event("x")),
            "an empty list wants nothing"
        );
        assert_eq!(of_config(&json!({})), None);
        assert_eq!(of_config(&json!({ "webhookEvents": "all" })), None);
    }
}
