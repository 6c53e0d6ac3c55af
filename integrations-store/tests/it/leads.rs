use integrations_core::IntegrationId;
use integrations_store::{LeadFields, Upserted};

use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    a_lead_is_written_once_per_contact,
    an_older_state_does_not_win,
    bad_leads_are_refused
);

fn fields(email: &str) -> LeadFields {
    let mut fields = LeadFields::default();
    fields.email = Some(email.into());
    fields.timezone = Some("America/New_York".into());
    fields
}

async fn a_lead_is_written_once_per_contact(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let leads = backend.store.leads();
    let one = IntegrationId::new();
    let made = leads
        .upsert(&a, one, "c1", "gohighlevel", &fields("a@example.com"))
        .await
        .unwrap();
    let Upserted::Created(made) = made else {
        panic!("{made:?}")
    };
    let mut phone = LeadFields::default();
    phone.phone = Some("+13055550100".into());
    let changed = leads
        .upsert(&a, one, "c1", "gohighlevel", &phone)
        .await
        .unwrap();
    let Upserted::Updated(changed) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!((changed.id, changed.version), (made.id, 2));
    assert_eq!(
        changed.email.as_deref(),
        Some("a@example.com"),
        "what is not known stays"
    );
    assert_eq!(leads.find(&a, one, "c1").await.unwrap(), Some(changed));
    leads
        .upsert(&b, one, "c1", "gohighlevel", &phone)
        .await
        .unwrap();
    leads
        .upsert(&a, IntegrationId::new(), "c1", "gohighlevel", &phone)
        .await
        .unwrap();
    let all = leads.list(&a, None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(leads.list(&a, Some(all[0].id), 10).await.unwrap(), all[1..]);
    assert!(leads.delete(&a, one, "c1").await.unwrap());
    assert!(!leads.delete(&a, one, "c1").await.unwrap());
    assert!(leads.find(&b, one, "c1").await.unwrap().is_some());
}

async fn an_older_state_does_not_win(backend: Backend) {
    let a = tenant("a");
    let leads = backend.store.leads();
    let one = IntegrationId::new();
    let at = |email: &str, second: i64| {
        let mut fields = fields(email);
        fields.occurred_at = Some(jiff::Timestamp::from_second(second).unwrap());
        fields
    };
    leads
        .upsert(&a, one, "c1", "x", &at("new@example.com", 100))
        .await
        .unwrap();
    assert_eq!(
        leads
            .upsert(&a, one, "c1", "x", &at("old@example.com", 50))
            .await
            .unwrap(),
        Upserted::Stale
    );
    let read = leads.find(&a, one, "c1").await.unwrap().unwrap();
    assert_eq!(read.email.as_deref(), Some("new@example.com"));
}

async fn bad_leads_are_refused(backend: Backend) {
    let a = tenant("a");
    let leads = backend.store.leads();
    let mut bad = fields(&"x".repeat(1_000_000));
    bad.name = Some("a\0b".into());
    let error = leads
        .upsert(&a, IntegrationId::new(), "", "x", &bad)
        .await
        .unwrap_err();
    let paths: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(paths, ["/externalId", "/name", "/email"]);
    assert!(leads.list(&a, None, 10).await.unwrap().is_empty());
}
