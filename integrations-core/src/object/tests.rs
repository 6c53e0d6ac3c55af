use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Patch;

crate::open_enum! {
    /// A state.
    pub enum State {
        /// On.
        On = "on",
    }
}

crate::id! {
    /// A thing.
    pub struct ThingId;
}

crate::input_object! {
    /// A part.
    pub struct Part {
        /// Its name.
        name: Option<String> = "name",
        /// Its parts.
        parts: Vec<Part> = "parts",
    }

    /// A thing.
    pub struct Thing {
        /// Its id.
        id: Option<ThingId> = "_id" | "id",
        /// How many.
        count: Option<i64> = "count",
        /// The price.
        price: Option<f64> = "price",
        /// Whether it is on.
        is_on: Option<bool> = "isOn",
        /// Its state.
        state: Option<State> = "state",
        /// When.
        at: Option<Timestamp> = "at",
        /// Its first part.
        part: Option<Part> = "part",
        /// Its parts.
        parts: Vec<Part> = "parts",
        /// Its labels.
        labels: Vec<String> = "labels",
        /// Its states.
        states: Vec<State> = "states",
        /// Other things.
        ids: Vec<ThingId> = "ids",
        /// Rows of words.
        words: Vec<Vec<String>> = "words",
        /// Rows of cells.
        rows: Vec<Vec<f64>> = "rows",
        /// Numbers by name.
        sizes: BTreeMap<String, i64> = "sizes",
        /// Anything.
        more: Value = "more",
        /// Anything, as often as it comes.
        many: Vec<Value> = "many",
    }
}

crate::object! {
    /// A whole.
    pub struct Whole {
        required {
            /// Its id.
            id: ThingId = "_id" | "id",
            /// Its part.
            part: Part = "part",
            /// Anything, null too.
            any: Value = "any",
        }
        /// Its name.
        name: Option<String> = "name",
        /// Others.
        others: Vec<Whole> = "others",
    }

    /// A change.
    pub struct Change {
        required or left_out {
            /// Of what.
            id: ThingId = "id",
        }
        /// Its name.
        name: Patch<String> = "name",
        /// Anything else.
        more: Map<String, Value> = "more",
    }
}

fn read(value: &Value) -> Thing {
    serde_json::from_str(&value.to_string()).unwrap()
}

#[test]
fn as_documented() {
    let sent = json!({
        "_id": "t1", "count": 2, "price": 1.5, "isOn": true, "state": "on", "at": "2026-11-21T02:13:46Z",
        "part": {"name": "a", "parts": [{"name": "b"}]}, "parts": [{"name": "c"}], "labels": ["x"],
        "states": ["on"], "rows": [[1.0], [2.0, 3.0]], "sizes": {"s": 1}, "more": {"k": [1]},
        "many": [1, null, "x", {}],
    });
    let thing = read(&sent);
    assert_eq!(thing.id, Some("t1".into()));
    assert_eq!(
        thing.part.as_ref().unwrap().parts[0].name.as_deref(),
        Some("b")
    );
    assert_eq!(thing.rows, [vec![1.0], vec![2.0, 3.0]]);
    assert_eq!(serde_json::to_value(&thing).unwrap(), sent);
}

#[test]
fn in_other_dress() {
    let thing = read(&json!({
        "id": 12, "count": "2", "price": "1.5", "isOn": 1, "state": "new", "at": 1_795_227_226,
        "part": "", "parts": {"name": "c"}, "labels": [1, null, "x"], "states": "on", "sizes": [],
        "many": {"k": [1]},
    }));
    assert_eq!(thing.many, [json!({"k": [1]})]);
    assert!(read(&json!({"sizes": ""})).sizes.is_empty());
    assert_eq!(read(&json!({"many": "x"})).many, [json!("x")]);
    assert_eq!(thing.id, Some("12".into()));
    assert_eq!(
        (thing.count, thing.price, thing.is_on),
        (Some(2), Some(1.5), Some(true))
    );
    assert_eq!(thing.state.unwrap().as_str(), "new");
    assert_eq!(thing.at, Some("2026-11-21T02:13:46Z".parse().unwrap()));
    assert_eq!(thing.part, None);
    assert_eq!(thing.parts, [Part::new().name("c")]);
    assert_eq!(thing.labels, ["1", "x"]);
    assert_eq!(thing.states, [State::On]);
    assert!(thing.sizes.is_empty());
}

#[test]
fn nothing_at_all() {
    let nulls: Map<_, _> = [
        "_id", "count", "price", "isOn", "state", "at", "part", "parts", "labels", "states",
        "rows", "sizes", "more", "many", "ids", "words",
    ]
    .map(|name| (name.to_owned(), Value::Null))
    .into_iter()
    .collect();
    for nothing in [json!({}), Value::Object(nulls)] {
        assert_eq!(read(&nothing), Thing::new(), "{nothing}");
    }
    // Alone it must be an object: no answer is not one that says nothing.
    for nothing in ["null", "[]", "\"\"", "0", "false"] {
        assert!(serde_json::from_str::<Thing>(nothing).is_err(), "{nothing}");
    }
    assert_eq!(serde_json::to_string(&Thing::new()).unwrap(), "{}");
}

#[test]
fn lists_and_maps_have_an_end() {
    let most = crate::lenient::MAX_ITEMS;
    for (count, is_read) in [(most, true), (most + 1, false)] {
        let list = format!(r#"{{"parts":[{}]}}"#, vec!["{}"; count].join(","));
        let read = serde_json::from_str::<Thing>(&list).map(|thing| thing.parts.len());
        assert_eq!(read.as_ref().ok(), is_read.then_some(&count));
        let map: Vec<_> = (0..count).map(|n| format!("\"{n}\":{n}")).collect();
        let map = format!(r#"{{"sizes":{{{}}}}}"#, map.join(","));
        let sizes = serde_json::from_str::<Thing>(&map).map(|thing| thing.sizes.len());
        assert_eq!(sizes.as_ref().ok(), is_read.then_some(&count));
        for error in [read.err(), sizes.err()].into_iter().flatten() {
            let text = error.to_string();
            assert!(text.starts_with("more than 100000 items"), "{text}");
        }
    }
}

#[test]
fn something_else_is_an_error_that_names_its_place() {
    for (value, place) in [
        (json!({"part": 5}), "part"),
        (json!({"part": [1]}), "part"),
        (json!({"parts": [{"name": "a"}, "b"]}), "parts[1]"),
        (json!({"sizes": [1]}), "sizes"),
        // A list of texts that holds something else would lose what it says.
        (json!({"labels": ["x", {"name": "y"}]}), "labels[1]"),
        (json!({"labels": [{}]}), "labels[0]"),
        (json!({"labels": ["x", null, ["y"]]}), "labels[2]"),
        (json!({"ids": ["t1", {"id": "t2"}]}), "ids[1]"),
        (json!({"states": [["on"]]}), "states[0]"),
        (json!({"words": [["x"], ["y", {}]]}), "words[1][1]"),
        (json!("<html>"), "."),
    ] {
        let text = value.to_string();
        let mut reader = serde_json::Deserializer::from_str(&text);
        let error = serde_path_to_error::deserialize::<_, Thing>(&mut reader).unwrap_err();
        assert_eq!(error.path().to_string(), place, "{error}");
    }
}

#[test]
fn what_is_required_is_read_and_written() {
    let whole: Whole = serde_json::from_str(
        r#"{"id": 5, "part": {}, "any": null, "others": [{"_id": "b", "part": {"name": "p"}, "any": 1}]}"#,
    )
    .unwrap();
    assert_eq!((whole.id.as_str(), &whole.any), ("5", &Value::Null));
    assert_eq!(whole.others[0].part, Part::new().name("p"));
    assert_eq!(
        serde_json::to_value(&whole).unwrap(),
        json!({"_id": "5", "part": {}, "any": null, "others": [{"_id": "b", "part": {"name": "p"}, "any": 1}]})
    );
}

#[test]
fn what_is_required_and_missing_or_null_is_named_with_its_place() {
    let whole = json!({"_id": "a", "part": {}, "any": 1});
    for (name, nothing) in [
        ("_id", json!(null)),
        ("_id", json!({})),
        ("part", json!(null)),
        ("part", json!("")),
    ] {
        let mut emptied = whole.clone();
        emptied[name] = nothing;
        let mut missing = whole.clone();
        missing.as_object_mut().unwrap().remove(name);
        for (value, place) in [
            (emptied.clone(), "."),
            (missing.clone(), "."),
            (
                json!({"_id": "a", "part": {}, "any": 1, "others": [whole, emptied]}),
                "others[1]",
            ),
            (
                json!({"_id": "a", "part": {}, "any": 1, "others": [missing]}),
                "others[0]",
            ),
        ] {
            let text = value.to_string();
            let mut reader = serde_json::Deserializer::from_str(&text);
            let error = serde_path_to_error::deserialize::<_, Whole>(&mut reader).unwrap_err();
            assert_eq!(error.path().to_string(), place, "{text}");
            let expected = format!("missing field `{name}`");
            assert!(error.inner().to_string().starts_with(&expected), "{error}");
        }
    }
    for (nothing, fault) in [
        ("{}", "missing field `_id`"),
        ("null", "expected an object"),
        ("\"\"", "expected an object"),
        ("[]", "expected an object"),
    ] {
        let error = serde_json::from_str::<Whole>(nothing).unwrap_err();
        assert!(error.to_string().contains(fault), "{error}");
    }
}

#[test]
fn a_change_keeps_clears_and_sets() {
    for text in [
        r#"{"id":"a"}"#,
        r#"{"id":"a","name":null}"#,
        r#"{"id":"a","name":"b","more":{"k":null}}"#,
    ] {
        let change: Change = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
    }
    let change: Change = serde_json::from_str(r#"{"id":"a","name":5,"more":[]}"#).unwrap();
    assert_eq!(change.name, Patch::Set("5".to_owned()));
    assert!(change.more.is_empty());
}

#[test]
fn what_is_of_no_use_without_a_field_is_left_out_when_that_is_missing() {
    crate::object! {
        struct Changes {
            first: Option<Change> = "first",
            all: Vec<Change> = "all",
        }
    }
    let changes: Changes = serde_json::from_str(
        r#"{"first": {"name": "a"}, "all": [{"id": "b"}, {"name": "c"}, {"id": null}, null]}"#,
    )
    .unwrap();
    assert_eq!(
        serde_json::to_string(&changes).unwrap(),
        r#"{"all":[{"id":"b"}]}"#
    );
    let alone = serde_json::from_str::<Change>(r#"{"name": "a"}"#).unwrap_err();
    assert!(alone.to_string().starts_with("missing field `id`"));
    let error = serde_json::from_str::<Changes>(r#"{"first": 5}"#).unwrap_err();
    assert!(error.to_string().contains("an object"), "{error}");
}

#[test]
fn what_no_field_is_called_by_is_kept() {
    crate::object! {
        pub struct Open {
            rest {
                /// Whatever else there is.
                extra,
            }
            name: Option<String> = "name",
            size: Option<i64> = "size" | "length",
        }
    }
    let text = r#"{"name":"a","size":1,"age_range":"30-40","more":{"k":null}}"#;
    let open: Open = serde_json::from_str(text).unwrap();
    assert_eq!(open.extra.len(), 2);
    let written: Value = serde_json::to_value(&open).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    let aliased: Open = serde_json::from_str(r#"{"length":"2"}"#).unwrap();
    assert_eq!((aliased.size, aliased.extra.len()), (Some(2), 0));
    assert!(serde_json::from_str::<Open>("[]").is_err());
}
