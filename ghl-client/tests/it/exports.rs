//! What a user of this crate alone can name, and do without further crates.

use ghl_client::integrations_core::http::{CannedTransport, RetryPolicy};
use ghl_client::integrations_core::oauth::OAuthClient;
use ghl_client::integrations_core::webhook::{RawRequest, WebhookSource};
use ghl_client::users::User;
use ghl_client::{Cursor, Items, Location, Page, Pages, Patch, Priority, Result, Timestamp};
use serde_json::json;

use crate::support::location;

/// The types of signatures, as a user writes them down.
#[derive(Debug)]
struct Names {
    _source: Option<Box<dyn WebhookSource>>,
    _raw: Option<RawRequest>,
    _app: Option<OAuthClient>,
    _retry: RetryPolicy,
    _priority: Priority,
    _at: Option<Timestamp>,
    _cursor: Option<Cursor>,
    _patch: Patch<String>,
}

fn pages(location: &Location) -> Pages<User> {
    location.users().search("com1").pages()
}

fn items(location: &Location) -> Items<User> {
    location.users().search("com1").items()
}

#[tokio::test(start_paused = true)]
async fn pages_and_items_are_read_without_another_crate() -> Result<()> {
    let _ = Names {
        _source: None,
        _raw: None,
        _app: None,
        _retry: RetryPolicy::DEFAULT,
        _priority: Priority::Bulk,
        _at: None,
        _cursor: None,
        _patch: Patch::Clear,
    };
    let body = json!({"users": [{"id": "u1"}], "count": 1}).to_string();
    let transport = CannedTransport::new().answer(200, &body).answer(200, &body);
    let location = location(&transport);
    let page: Option<Page<User>> = pages(&location).try_next().await?;
    assert_eq!(page.unwrap().items.len(), 1);
    let mut items = items(&location);
    assert_eq!(items.try_next().await?.unwrap().id, "u1".into());
    assert!(items.try_next().await?.is_none());
    Ok(())
}
