use integrations_core::ErrorKind;
use integrations_core::template::{Catalogue, Template, TemplateSpec};
use serde_json::json;

fn spec(slug: &str) -> TemplateSpec {
    TemplateSpec::new(slug, json!({"properties": {"a": {"type": "string"}}}))
}

#[test]
fn templates_are_added_changed_and_removed_at_run_time() {
    let catalogue = Catalogue::new();
    catalogue.register(Template::builder("builtin").build().unwrap());
    catalogue.add(spec("mine")).unwrap();
    let slugs: Vec<String> = catalogue
        .list()
        .iter()
        .map(|t| t.slug().to_owned())
        .collect();
    assert_eq!(slugs, ["builtin", "mine"]);
    assert_eq!(
        catalogue.add(spec("mine")).unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        catalogue.add(spec("builtin")).unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        catalogue.get("none").unwrap_err().kind(),
        ErrorKind::NotFound
    );

    let mut change = spec("mine");
    change.is_active = false;
    let changed = catalogue.update("mine", change).unwrap();
    assert_eq!((changed.version(), changed.is_active()), (2, false));
    assert_eq!(catalogue.find("mine").unwrap().version(), 2);
    assert_eq!(
        catalogue.update("mine", spec("other")).unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        catalogue.update("none", spec("none")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        catalogue
            .update("builtin", spec("builtin"))
            .unwrap_err()
            .kind(),
        ErrorKind::Conflict
    );
    let broken = TemplateSpec::new("mine", json!({"type": "string"}));
    assert_eq!(
        catalogue.update("mine", broken).unwrap_err().kind(),
        ErrorKind::Validation
    );
    assert_eq!(
        catalogue.find("mine").unwrap().version(),
        2,
        "a refused change changes nothing"
    );

    let error = catalogue.remove("mine", 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("3 integrations use"), "{error}");
    assert_eq!(
        catalogue.remove("builtin", 0).unwrap_err().kind(),
        ErrorKind::Conflict
    );
    catalogue.remove("mine", 0).unwrap();
    assert!(catalogue.find("mine").is_none());
    assert_eq!(
        catalogue.remove("mine", 0).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}
