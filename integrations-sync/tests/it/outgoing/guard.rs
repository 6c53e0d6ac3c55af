//! No webhook goes into our own network.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;
use integrations_core::http::{GuardedTransport, Resolver};
use integrations_store::EndpointChanges;

use super::*;

on_both_engines!(
    a_url_that_leads_inside_is_no_endpoint,
    a_name_that_leads_inside_is_never_called,
);

/// Every name leads here.
#[derive(Debug)]
struct Here(IpAddr);

#[async_trait]
impl Resolver for Here {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![self.0])
    }
}

async fn a_url_that_leads_inside_is_no_endpoint(backend: Backend) {
    let scene = Scene::new(backend);
    let outgoing = Outgoing::builder(&scene.backend.store, &scene.vault)
        .transport_options({
            let mut options = TransportOptions::default();
            options.trust_only = Some(Vec::new());
            options
        })
        .build()
        .unwrap();
    for bad in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://user:planted@example.com/",
    ] {
        let new = NewEndpoint::new(bad.parse().unwrap());
        let error = outgoing
            .create_endpoint(&scene.acme, &new, ACTOR)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("url_refused"), "{bad}");
        assert!(!format!("{error:?}").contains("planted"));
    }
    let good = NewEndpoint::new("https://hooks.example.com/".parse().unwrap());
    let endpoint = outgoing
        .create_endpoint(&scene.acme, &good, ACTOR)
        .await
        .unwrap();
    let inside = EndpointChanges::new().url("https://10.0.0.1/".parse().unwrap());
    let changed = outgoing.update_endpoint(&scene.acme, endpoint.id, &inside, ACTOR);
    assert_eq!(changed.await.unwrap_err().code(), Some("url_refused"));
}

async fn a_name_that_leads_inside_is_never_called(backend: Backend) {
    let mut scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    let mut options = TransportOptions::default();
    options.trust_only = Some(Vec::new());
    let policy = AddressPolicy::public().allow_http();
    let here = Here(receiver.address().ip());
    scene.outgoing = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .transport(GuardedTransport::with_resolver(&options, policy, here).unwrap())
        .build()
        .unwrap();
    let url = format!("http://hooks.example.com:{}/", receiver.address().port());
    let new = NewEndpoint::new(url.parse().unwrap());
    scene
        .outgoing
        .create_endpoint(&scene.acme, &new, ACTOR)
        .await
        .unwrap();
    scene.publish("a").await;
    scene.deliver_due().await;
    let outcomes = scene.outcomes(&scene.only().await).await;
    assert_eq!(outcomes, [(Outcome::Refused, None)]);
    assert_eq!(receiver.connections(), 0);
}
