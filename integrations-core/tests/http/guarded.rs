//! The transport for URLs that users give, over real sockets: a refused one is never connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Method;
use integrations_core::ErrorKind;
use integrations_core::http::{
    AddressPolicy, GuardedTransport, Network, Outgoing, Resolver, Transport, TransportFailure,
    TransportOptions,
};

use crate::sockets::{Act, Server};

/// Answers the n-th question with the n-th list, the last one for ever.
#[derive(Debug, Clone)]
struct Names(Arc<(Vec<Vec<IpAddr>>, AtomicUsize)>);

impl Names {
    fn new(lists: &[&[&str]]) -> Self {
        let lists = lists.iter().map(|list| {
            let addresses = list.iter().map(|text| text.parse().unwrap());
            addresses.collect()
        });
        Self(Arc::new((lists.collect(), AtomicUsize::new(0))))
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let (lists, asked) = &*self.0;
        let at = asked.fetch_add(1, Ordering::SeqCst).min(lists.len() - 1);
        Ok(lists[at].clone())
    }
}

fn options() -> TransportOptions {
    let mut options = TransportOptions::default();
    options.trust_only = Some(Vec::new());
    options
}

fn guarded(policy: AddressPolicy, names: Names) -> GuardedTransport {
    GuardedTransport::with_resolver(&options(), policy, names).unwrap()
}

async fn post(
    transport: &GuardedTransport,
    host: &str,
    address: SocketAddr,
) -> Result<u16, TransportFailure> {
    let url = format!("http://{host}:{}/hook", address.port());
    let request = Outgoing::new(Method::POST, url.parse().unwrap());
    match transport.send(request).await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(error.failure()),
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_any_connection() {
    let server = Server::start(|_| Act::json("{}")).await;
    for list in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        // One bad address among good ones refuses all of them.
        &["93.184.215.14", "127.0.0.1"],
        &["127.0.0.1", "93.184.215.14"],
    ] {
        let transport = guarded(AddressPolicy::public().allow_http(), Names::new(&[list]));
        let sent = post(&transport, "hooks.example.com", server.address).await;
        assert_eq!(sent, Err(TransportFailure::Refused), "{list:?}");
    }
    let transport = guarded(AddressPolicy::public().allow_http(), Names::new(&[&[]]));
    for host in ["127.0.0.1", "[::1]", "localhost", "2130706433"] {
        let sent = post(&transport, host, server.address).await;
        assert_eq!(sent, Err(TransportFailure::Refused), "{host}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let server = Server::start(|_| Act::WriteAndClose(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let policy = AddressPolicy::public()
        .allow_http()
        .allow_network("127.0.0.1/32".parse().unwrap());
    // The name is asked once per connection, and what was judged is what is connected to.
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let transport = guarded(policy, names.clone());
    assert_eq!(
        post(&transport, "a.example.com", server.address).await,
        Ok(200)
    );
    assert_eq!(names.asked(), 1);
    assert_eq!(
        post(&transport, "a.example.com", server.address).await,
        Err(TransportFailure::Refused)
    );
    assert_eq!(names.asked(), 2);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let inside = Server::start(|_| Act::json("{}")).await;
    let to = format!("location: {}\r\n", inside.url());
    let server = Server::start(move |_| Act::answer("307 Temporary Redirect", &to, b"")).await;
    let policy = AddressPolicy::public()
        .allow_http()
        .allow_network(Network::LOOPBACK);
    let transport = guarded(policy, Names::new(&[&["127.0.0.1"]]));
    assert_eq!(
        post(&transport, "a.example.com", server.address).await,
        Ok(307)
    );
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_refusal_names_no_address_and_a_missing_name_is_no_refusal() {
    let transport = guarded(
        AddressPolicy::public().allow_http(),
        Names::new(&[&["10.11.12.13"]]),
    );
    let url = "http://a.example.com/?token=planted".parse().unwrap();
    let error = transport
        .send(Outgoing::new(Method::POST, url))
        .await
        .unwrap_err();
    let error = integrations_core::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Config);
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("10.11") && !shown.contains("planted"),
        "{shown}"
    );

    let nowhere = guarded(AddressPolicy::public().allow_http(), Names::new(&[&[]]));
    let url = "http://a.example.com/".parse().unwrap();
    let error = nowhere
        .send(Outgoing::new(Method::POST, url))
        .await
        .unwrap_err();
    assert_eq!(error.failure(), TransportFailure::Connect);
}

#[test]
fn a_proxy_is_refused() {
    let mut options = options();
    options.proxy = Some("http://proxy.example.com:3128".parse().unwrap());
    assert!(GuardedTransport::new(&options, AddressPolicy::public()).is_err());
}
