//! What this application does with an event: a new contact becomes a lead.

use async_trait::async_trait;
use ghl_client::webhook::Event;
use integrations_core::phone::{PhoneNumber, Region};
use integrations_core::timezone::{Place, of_lead};
use integrations_core::{Result, lenient};
use integrations_store::{LeadFields, Store};
use integrations_sync::inbox::{Delivery, EventHandler};

#[derive(Debug)]
pub(crate) struct Leads {
    store: Store,
}

impl Leads {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
        }
    }
}

#[async_trait]
impl EventHandler for Leads {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        let Event::ContactCreate(contact) = Event::try_from(&delivery.event)? else {
            return Ok(());
        };
        let Some(id) = &contact.id else {
            return Ok(());
        };
        let region = contact
            .country
            .as_deref()
            .and_then(|country| Region::new(country).ok());
        let phone = contact
            .phone
            .as_deref()
            .and_then(|phone| PhoneNumber::parse(phone, region).ok());
        let place = Place {
            country: contact.country.as_deref(),
            state: contact.state.as_deref(),
            postal_code: contact.postal_code.as_deref(),
            city: contact.city.as_deref(),
        };
        let mut lead = LeadFields::default();
        lead.name = contact.name;
        lead.email = contact.email;
        lead.phone = phone.map(|phone| phone.as_str().to_owned());
        lead.timezone = of_lead(place).map(str::to_owned);
        lead.occurred_at = delivery.event.occurred_at();
        let source = contact.source.as_deref().unwrap_or("gohighlevel");
        // Idempotent by the contact's id: an event that comes twice makes one lead.
        self.store
            .leads()
            .upsert(
                &delivery.tenant,
                delivery.integration,
                id.as_str(),
                source,
                &lead,
            )
            .await
            .map(drop)
    }
}

/// A contact in the form of the provider's documented sample.
pub(crate) fn contact_create(location: &str, id: &str, name: &str) -> serde_json::Value {
    let first = name.split(' ').next().unwrap_or(name);
    serde_json::json!({
        "locationId": location,
        "id": id,
        "name": name,
        "firstName": first,
        "lastName": name.rsplit(' ').next().unwrap_or(name),
        "email": format!("{}@example.com", first.to_lowercase()),
        "phone": "(915) 555-0142",
        "address1": "1 Main St",
        "city": "El Paso",
        "state": "TX",
        "postalCode": "79901",
        "country": "US",
        "source": "web form",
        "dateAdded": lenient::parse_timestamp("2026-11-21T02:13:46Z").map(|at| at.to_string()),
        "dnd": false,
        "tags": ["lead"],
        "customFields": [],
    })
}
