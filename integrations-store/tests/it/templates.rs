use integrations_core::{ErrorKind, IntegrationId};
use integrations_store::NewIntegration;
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};

on_both_engines!(
    templates_are_made_changed_and_deleted,
    a_template_in_use_stays
);

async fn templates_are_made_changed_and_deleted(backend: Backend) {
    let templates = backend.store.templates();
    let made = templates
        .create("crm", "gohighlevel", &json!({ "name": "CRM" }), ACTOR)
        .await
        .unwrap();
    assert!(made.active && made.version == 1);
    let taken = templates
        .create("crm", "gohighlevel", &json!({}), ACTOR)
        .await
        .unwrap_err();
    assert_eq!(
        (taken.kind(), taken.code()),
        (ErrorKind::Conflict, Some("slug"))
    );
    let changed = templates
        .update("crm", 1, &json!({ "name": "New" }), false)
        .await
        .unwrap();
    assert_eq!((changed.version, changed.active), (2, false));
    let late = templates
        .update("crm", 1, &json!({}), true)
        .await
        .unwrap_err();
    assert_eq!(late.code(), Some("version"));
    assert_eq!(templates.find("crm").await.unwrap(), Some(changed.clone()));
    assert_eq!(templates.list().await.unwrap(), [changed]);
    backend
        .raw("UPDATE main.templates SET definition = 'no json'")
        .await
        .unwrap();
    let broken = templates.find("crm").await.unwrap_err();
    assert!(
        broken.to_string().contains("templates crm: definition"),
        "{broken}"
    );
    assert!(templates.delete("crm").await.unwrap());
    assert!(!templates.delete("crm").await.unwrap());
}

async fn a_template_in_use_stays(backend: Backend) {
    let a = tenant("a");
    let templates = backend.store.templates();
    let made = templates
        .create("crm", "gohighlevel", &json!({}), ACTOR)
        .await
        .unwrap();
    let new = NewIntegration::new(
        IntegrationId::new(),
        "gohighlevel",
        "crm",
        "Main",
        json!({}),
    )
    .template_id(made.id);
    backend
        .store
        .integrations()
        .create(&a, &new, ACTOR)
        .await
        .unwrap();
    let error = templates.delete("crm").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("in_use"))
    );
    let id = backend
        .store
        .integrations()
        .list(&a, &integrations_store::Filter::all())
        .await
        .unwrap()[0]
        .id;
    backend
        .store
        .integrations()
        .delete(&a, id, ACTOR)
        .await
        .unwrap();
    assert!(templates.delete("crm").await.unwrap());
    let orphan =
        NewIntegration::new(IntegrationId::new(), "p", "crm", "n", json!({})).template_id(made.id);
    let gone = backend
        .store
        .integrations()
        .create(&a, &orphan, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(
        (gone.kind(), gone.code()),
        (ErrorKind::Store, Some("foreign_key"))
    );
}
