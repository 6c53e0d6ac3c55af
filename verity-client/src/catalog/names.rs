//! Names of operations: `{domain}_{resource}_{action}`, told from the operation alone.
//!
//! A name must not depend on what else the catalogue has or on the order of it, or a new endpoint would rename an old
//! one, and a caller who remembers a name would call another operation. So what distinguishes operations of one domain,
//! resource and action is always in the name: the method where the action does not imply it, and the rest of the path.

use std::collections::BTreeMap;

use http::Method;
use sha2::{Digest, Sha256};

use crate::endpoint::{Endpoint, Segment};

/// What the makers of models take.
const LONGEST: usize = 64;

/// Segments that say what an endpoint does, and the method that each goes with.
const ACTIONS: [(&str, &str, Method); 9] = [
    ("test", "test", Method::POST),
    ("list", "list", Method::GET),
    ("all", "list", Method::GET),
    ("create", "create", Method::POST),
    ("new", "create", Method::POST),
    ("update", "update", Method::PUT),
    ("edit", "update", Method::PUT),
    ("delete", "delete", Method::DELETE),
    ("remove", "delete", Method::DELETE),
];

/// The name of an operation.
pub(super) fn name(method: &Method, endpoint: &Endpoint) -> String {
    let segments = meaningful(endpoint);
    let found = segments.iter().enumerate().find_map(|(at, segment)| {
        let Segment::Literal(text) = segment else {
            return None;
        };
        // The domain is no action.
        let (word, action, method) = ACTIONS.iter().find(|(word, ..)| word == text)?;
        (at > 0).then_some((at, *word, *action, method))
    });
    let mut certain = true;
    let mut words: Vec<String> = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let is_action = found.as_ref().is_some_and(|(place, ..)| *place == at);
        words.push(match segment {
            Segment::Literal(text) => {
                certain &= is_action || (clean(text) && text != "by");
                tame(text)
            }
            Segment::Parameter(name) => {
                certain &= clean(name);
                format!("by_{}", tame(name))
            }
        });
    }
    let mut action: Vec<String> = Vec::new();
    match found {
        Some((at, word, verb, usual)) => {
            action.push(verb.to_owned());
            if method != usual {
                action.push(method.as_str().to_ascii_lowercase());
            }
            // `all` and `list` are one action: only one of them can be the plain name.
            certain &= word == verb && at + 1 == words.len();
            words.remove(at);
        }
        None => action.push(
            match *method {
                Method::GET => "get",
                Method::POST => "create",
                Method::PUT => "update",
                Method::PATCH => "patch",
                _ => "delete",
            }
            .to_owned(),
        ),
    }
    // With fewer words, an action could be read as a resource.
    certain &= found.is_none() || words.len() >= 2;
    certain &= matches!(segments.first(), Some(Segment::Literal(_)));
    certain &= !matches!(segments.get(1), Some(Segment::Parameter(_)));
    let rest = words.split_off(words.len().min(2));
    words.extend(action);
    words.extend(rest);
    let name = words.join("_");
    match certain && name.len() <= LONGEST {
        true => name,
        false => marked(&name, method, endpoint, 8),
    }
}

/// Names for all of these; those that would be equal in spite of all get a longer mark each.
pub(super) fn all<'a>(
    operations: impl IntoIterator<Item = (&'a Method, &'a Endpoint)>,
) -> Vec<String> {
    let operations: Vec<_> = operations.into_iter().collect();
    let mut names: Vec<String> = operations
        .iter()
        .map(|(method, endpoint)| name(method, endpoint))
        .collect();
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        // Some callers do not tell capitals apart.
        places
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(at);
    }
    for group in places.into_values().filter(|group| group.len() > 1) {
        for at in group {
            let (method, endpoint) = operations[at];
            names[at] = marked(&names[at], method, endpoint, 16);
        }
    }
    names
}

/// The segments without `/api`, which the catalogue writes with and without a slash behind it.
fn meaningful(endpoint: &Endpoint) -> Vec<Segment> {
    let mut segments = endpoint.segments().to_vec();
    if let Some(Segment::Literal(first)) = segments.first_mut() {
        match first.strip_prefix("api") {
            Some("") => drop(segments.remove(0)),
            Some(rest) => *first = rest.to_owned(),
            None => {}
        }
    }
    segments
}

fn clean(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && ![
            "get", "create", "update", "patch", "delete", "list", "test", "post", "put",
        ]
        .contains(&text)
}

fn tame(text: &str) -> String {
    text.chars()
        .map(|c| match c.is_ascii_alphanumeric() || c == '-' {
            true => c,
            false => '_',
        })
        .collect()
}

/// A name with a mark of what it names.
fn marked(name: &str, method: &Method, endpoint: &Endpoint, digits: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update(" ");
    for segment in meaningful(endpoint) {
        match segment {
            Segment::Literal(text) => hash.update(format!("/{}:{text}", text.len())),
            Segment::Parameter(name) => hash.update(format!("/{{{name}}}")),
        }
    }
    let mark = hex::encode(hash.finalize());
    let room = LONGEST - digits - 1;
    let start = name.trim_matches('_');
    let start = &start[..start.len().min(room)];
    format!("{}_{}", start.trim_end_matches('_'), &mark[..digits])
        .trim_start_matches('_')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(method: Method, endpoint: &str) -> String {
        name(&method, &Endpoint::parse(endpoint).unwrap())
    }

    #[test]
    fn domain_resource_and_action() {
        for (method, endpoint, expected) in [
            (Method::GET, "/apicomms/broadcasts", "comms_broadcasts_get"),
            (
                Method::POST,
                "/apicomms/broadcasts",
                "comms_broadcasts_create",
            ),
            (
                Method::GET,
                "/apicomms/broadcasts/[id]",
                "comms_broadcasts_get_by_id",
            ),
            (
                Method::PATCH,
                "/apicomms/broadcasts/[id]",
                "comms_broadcasts_patch_by_id",
            ),
            (
                Method::DELETE,
                "/apicomms/broadcasts/{id}",
                "comms_broadcasts_delete_by_id",
            ),
            (
                Method::POST,
                "/apicalls/agents/{agentId}/test",
                "calls_agents_test_by_agentId",
            ),
            (
                Method::GET,
                "/apicalls/agents/{agentId}/test",
                "calls_agents_test_get_by_agentId",
            ),
            (
                Method::POST,
                "/apicalls/summarize-recent",
                "calls_summarize-recent_create",
            ),
            (
                Method::GET,
                "/apicomms/contacts/list",
                "comms_contacts_list",
            ),
            (Method::POST, "/apisms", "sms_create"),
            (Method::GET, "/api/health", "health_get"),
        ] {
            assert_eq!(of(method, endpoint), expected);
        }
    }

    /// The original system looked for `/test` anywhere in the path.
    #[test]
    fn an_action_inside_a_segment_is_none() {
        assert_eq!(
            of(Method::GET, "/api/cms/testimonials"),
            "cms_testimonials_get"
        );
        assert_eq!(of(Method::GET, "/api/cms/listings"), "cms_listings_get");
        assert_eq!(
            of(Method::GET, "/api/cms/newsletters/[id]"),
            "cms_newsletters_get_by_id"
        );
    }

    #[test]
    fn a_slash_that_the_catalogue_dropped_changes_no_name() {
        assert_eq!(
            of(Method::GET, "/api/calls/agents"),
            of(Method::GET, "/apicalls/agents")
        );
    }

    /// The original system dropped the third operation of one name without a word.
    #[test]
    fn three_way_collisions_in_any_order() {
        let endpoints = [
            "/apicalls/agents/list",
            "/apicalls/agents/all",
            "/apicalls/agents/[id]/list",
            "/apicalls/agents/list/all",
            "/apicalls/agents/[list]",
            "/apicalls/agents/by/id",
            "/apicalls/agents/[id]",
            "/apicalls/agents/by_id",
            "/apicalls/agents_get",
            "/apicalls/agents.get",
            "/apicalls",
            "/apicalls/get",
            "/apicalls/list",
            "/apicalls/agents/get",
            "/apicalls/agents/test/x",
            "/apicalls/agents/test/x/test",
            "/apicalls/Agents",
            "/apicalls/agents",
        ];
        let methods = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let parsed: Vec<_> = endpoints
            .iter()
            .map(|text| Endpoint::parse(text).unwrap())
            .collect();
        let mut all_of: Vec<_> = parsed
            .iter()
            .flat_map(|endpoint| methods.iter().map(move |method| (method, endpoint)))
            .collect();
        let names = all(all_of.iter().copied());
        let distinct: BTreeSet<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(distinct.len(), names.len(), "{names:#?}");
        for name in &names {
            let fits = name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            assert!(fits && !name.is_empty() && name.len() <= 64, "{name}");
        }
        let by_operation: BTreeMap<_, _> = all_of
            .iter()
            .map(|(method, endpoint)| format!("{method} {endpoint:?}"))
            .zip(names)
            .collect();
        for seed in 0..5 {
            fastrand_shuffle(&mut all_of, seed);
            for ((method, endpoint), name) in all_of.iter().zip(all(all_of.iter().copied())) {
                assert_eq!(by_operation[&format!("{method} {endpoint:?}")], name);
            }
        }
    }

    fn fastrand_shuffle<T>(items: &mut [T], seed: usize) {
        let count = items.len();
        for at in 0..count {
            items.swap(at, (at * 7 + seed * 13 + 5) % count);
        }
    }

    proptest! {
        #[test]
        fn a_name_is_told_from_the_operation_alone(paths in prop::collection::btree_set(
            prop::collection::vec("[a-z]{1,3}|\\[[a-z]{1,3}\\]|by|get|list|all|test|new|[a-z_.]{1,4}|[a-z]{30}", 1..5), 1..12,
        )) {
            let endpoints: Vec<_> = paths
                .iter()
                .filter_map(|path| Endpoint::parse(&format!("/api/{}", path.join("/"))).ok())
                .collect();
            let methods = [Method::GET, Method::POST, Method::PUT];
            let operations = || endpoints.iter().flat_map(|e| methods.iter().map(move |m| (m, e)));
            let names = all(operations());
            let distinct: BTreeSet<_> = names.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            for ((method, endpoint), named) in operations().zip(&names) {
                prop_assert!(named.len() <= 64);
                prop_assert_eq!(&name(method, endpoint), named);
            }
        }
    }
}
