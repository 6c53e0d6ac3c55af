use integrations_core::ErrorKind;
use integrations_core::template::{MAX_CONFIG_BYTES, MAX_DEPTH, MAX_STRING_BYTES};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{faults, ghl_schema, printed, template};

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({"a": inner}))
}

#[test]
fn inputs_that_are_no_config_are_refused() {
    let template = template(ghl_schema());
    for input in [
        json!(null),
        json!(true),
        json!(7),
        json!("planted"),
        json!([]),
        json!([{"apiKey": "planted"}]),
    ] {
        let error = template.validate(&input).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert_eq!(faults(&error), [": must be an object"], "{input}");
        assert!(!printed(&error).contains("planted"));
    }
}

#[test]
fn long_texts_are_refused_with_their_path() {
    let template = template(ghl_schema());
    let long = "x".repeat(1 << 20);
    let error = template
        .validate(&json!({"apiKey": "k", "locationId": long}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/locationId: is too long: at most 65536 bytes",
            ": the config is too large: at most 262144 bytes"
        ]
    );
    assert!(printed(&error).len() < 4096);
    let error = template
        .validate(&json!({"apiKey": "k", "locationId": "é".repeat(MAX_STRING_BYTES / 2 + 1)}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        ["/locationId: is too long: at most 65536 bytes"]
    );
    let error = template.validate(&json!({long: 1})).unwrap_err();
    assert!(printed(&error).len() < 4096, "a long name is not repeated");
    assert!(
        template
            .validate(&json!({"apiKey": "k", "locationId": "x".repeat(MAX_STRING_BYTES)}))
            .is_ok()
    );
}

#[test]
fn many_small_fields_are_refused_as_a_whole() {
    let template = template(json!({"additionalProperties": true}));
    let many: Map<String, Value> = (0..MAX_CONFIG_BYTES / 8)
        .map(|i| (format!("f{i}"), json!(i)))
        .collect();
    let error = template.validate(&Value::Object(many)).unwrap_err();
    assert_eq!(
        faults(&error),
        [": the config is too large: at most 262144 bytes"]
    );

    let extra: Map<String, Value> = (0..2000).map(|i| (format!("f{i}"), json!(i))).collect();
    let error = crate::template(json!({}))
        .validate(&Value::Object(extra))
        .unwrap_err();
    assert_eq!(error.fields().len(), 257, "the list of faults is cut");
    assert_eq!(faults(&error)[256], ": and 1744 more");
}

#[test]
fn deep_inputs_are_refused() {
    let template = template(json!({"additionalProperties": true}));
    assert!(template.validate(&nested(MAX_DEPTH)).is_ok());
    for levels in [MAX_DEPTH + 1, 100, 2000] {
        let error = template.validate(&nested(levels)).unwrap_err();
        assert!(
            error.fields()[0].message.contains("nested too deeply"),
            "{error}"
        );
    }
    // Two updates that are each allowed, but not together, since an update is laid inside the other.
    let valid = template.validate(&nested(MAX_DEPTH)).unwrap();
    assert!(valid.merge(&nested(MAX_DEPTH)).is_ok());
}

#[test]
fn odd_texts_are_texts() {
    let template = template(ghl_schema());
    for text in [
        "",
        " ",
        "\u{0}",
        "é",
        "💥",
        "\u{202e}gnp",
        "{{x}}",
        "'; DROP TABLE x;--",
        "a\nb",
        "\u{feff}",
    ] {
        let valid = template
            .validate(&json!({"apiKey": "k", "locationId": text}))
            .unwrap();
        assert_eq!(valid.config().text("/locationId"), Some(text));
    }
    // A marker is no secret, and neither is an empty one.
    for text in ["", "••••••"] {
        let error = template
            .validate(&json!({"apiKey": text, "locationId": "l"}))
            .unwrap_err();
        assert_eq!(faults(&error), ["/apiKey: is required"]);
    }
    let error = template
        .validate(&json!({"apiKey": null, "locationId": [null]}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        ["/apiKey: is required", "/locationId: must be a text"]
    );
}

/// Any JSON of some depth.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("apiKey".to_owned()),
        Just("locationId".to_owned()),
        Just("clientSecret".to_owned()),
        Just("auth".to_owned()),
        "\\PC{0,8}",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn validation_never_panics_and_never_takes_what_it_refuses(input in any_json()) {
        for template in [template(ghl_schema()), template(json!({"additionalProperties": true}))] {
            match template.validate(&input) {
                // What passed passes again, and nothing secret is left in the open part.
                Ok(valid) => {
                    let again = template.restore(valid.config()).unwrap();
                    prop_assert_eq!(again.redacted(), valid.redacted());
                    let left = valid.config().public().get("apiKey");
                    prop_assert!(left.is_none_or(|left| left.is_null() || left.is_boolean()));
                }
                Err(error) => prop_assert!(!error.fields().is_empty()),
            }
        }
    }

    #[test]
    fn any_json_as_a_template_is_answered(input in any_json()) {
        use integrations_core::template::{Template, TemplateSpec};
        let _ = Template::from_spec(TemplateSpec::new("x", input.clone()));
        let _ = Template::from_spec(TemplateSpec::new("x", json!({"properties": {"a": input.clone()}})));
        if let Ok(spec) = TemplateSpec::from_json(&input) {
            let _ = Template::from_spec(spec);
        }
    }
}
