use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use integrations_testkit::{Fault, FaultPlan, SimulatedGhl, fault::FaultKind, ghl::SCOPES};
use serde_json::{Value, json};

use crate::support::{Api, LOCATION, builder};

async fn failing(plan: FaultPlan) -> (SimulatedGhl, Api) {
    let ghl = builder().faults(plan).start().await.unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    (ghl, api)
}

fn once(fault: Fault) -> FaultPlan {
    FaultPlan::none().script("/contacts/", [fault])
}

fn contact() -> Value {
    json!({"locationId": LOCATION, "firstName": "Alex"})
}

/// One creation under a fault: the outcome, and how many contacts there are then.
async fn create_under(fault: Fault) -> (Result<(u16, String), reqwest::Error>, usize) {
    let (ghl, api) = failing(once(fault.clone())).await;
    let request = api
        .request(reqwest::Method::POST, "/contacts/")
        .json(&contact());
    let outcome = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }
    .await;
    let record = &ghl.requests()[0];
    assert_eq!(record.fault, Some(fault.kind()));
    assert_eq!(record.applied, !fault.prevents_effect());
    assert_eq!(ghl.stats().faults, 1);
    (outcome, ghl.contacts(LOCATION).len())
}

#[tokio::test]
async fn errors_with_and_without_effect() {
    let (outcome, count) = create_under(Fault::ServerError(503)).await;
    assert_eq!((outcome.unwrap().0, count), (503, 0));
    let (outcome, count) = create_under(Fault::ServerErrorAfterEffect(502)).await;
    assert_eq!((outcome.unwrap().0, count), (502, 1));
    let (outcome, count) = create_under(Fault::EmptyBody).await;
    assert_eq!((outcome.unwrap(), count), ((201, String::new()), 1));
    let (outcome, count) = create_under(Fault::NoContent).await;
    assert_eq!((outcome.unwrap(), count), ((204, String::new()), 1));
}

#[tokio::test]
async fn connections_are_reset_before_and_after_the_effect() {
    let (outcome, count) = create_under(Fault::ResetBefore).await;
    assert!(outcome.unwrap_err().is_request());
    assert_eq!(count, 0);
    let (outcome, count) = create_under(Fault::ResetAfter).await;
    assert!(outcome.unwrap_err().is_request());
    assert_eq!(count, 1, "the response is lost, the contact is not");
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let (ghl, _) = failing(once(Fault::ResetAfter)).await;
    let address = ghl.base_url().strip_prefix("http://").unwrap().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /contacts/ HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        stream.read(&mut [0; 64])
    });
    let error = read.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_announced() {
    let (outcome, count) = create_under(Fault::TruncatedBody).await;
    let error = outcome.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(count, 1);
    let (ghl, _) = failing(once(Fault::TruncatedBody)).await;
    let address = ghl.base_url().strip_prefix("http://").unwrap().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /contacts/ HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).map(|_| all)
    });
    let all = read.await.unwrap().unwrap();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let announced: usize = announced.parse().unwrap();
    assert!(
        !body.is_empty() && body.len() < announced,
        "{} of {announced}",
        body.len()
    );
}

#[tokio::test]
async fn a_429_may_come_with_retry_after() {
    let wait = Some(Duration::from_millis(1500));
    let (ghl, api) = failing(FaultPlan::none().script(
        "/contacts/*",
        [
            Fault::TooManyRequests { retry_after: wait },
            Fault::TooManyRequests { retry_after: None },
        ],
    ))
    .await;
    let reply = api.get("/contacts/a").await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "2"));
    assert_eq!(reply.header("x-ratelimit-max"), "100");
    let reply = api.get("/contacts/a").await;
    assert_eq!(reply.status, 429);
    assert!(!reply.headers.contains_key("retry-after"));
    let stats = ghl.stats();
    assert_eq!(stats.throttled, 0, "the limiter did not send them");
    assert_eq!(stats.max_in_window, 2, "but they count as arrivals");
}

#[tokio::test]
async fn html_redirects_and_bombs() {
    let (_ghl, api) = failing(FaultPlan::none().script(
        "/contacts/*",
        [
            Fault::HtmlOnOk,
            Fault::Redirect("https://elsewhere.example.com/".to_owned()),
            Fault::GzipBomb(10 << 20),
        ],
    ))
    .await;
    let reply = api.get("/contacts/a").await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.text.starts_with("<!DOCTYPE html>"));
    let reply = api.get("/contacts/a").await;
    assert_eq!(reply.status, 307);
    assert_eq!(reply.header("location"), "https://elsewhere.example.com/");
    let request = api.request(reqwest::Method::GET, "/contacts/a");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bomb = response.bytes().await.unwrap();
    assert!(bomb.len() < 12_000, "{}", bomb.len());
    assert_eq!(inflated(&bomb).await, (10 << 20) / 258 * 258 + 258 + 1);
}

/// What a client that inflates gets from this gzip file.
async fn inflated(bytes: &[u8]) -> usize {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    let answer = [head.as_bytes(), bytes].concat();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        stream.write_all(&answer).await.unwrap();
    });
    let body = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    assert!(body.iter().all(|byte| *byte == 0));
    body.len()
}

#[tokio::test]
async fn delays_stand_before_or_after_the_effect() {
    let pause = Duration::from_secs(1);
    for (fault, early) in [(Fault::Delay(pause), 0), (Fault::DelayResponse(pause), 1)] {
        let (ghl, api) = failing(once(fault)).await;
        let started = tokio::time::Instant::now();
        let creation = tokio::spawn(async move { api.post("/contacts/", contact()).await });
        while ghl.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(ghl.contacts(LOCATION).len(), early);
        assert_eq!(ghl.requests()[0].status, None, "still waiting");
        creation.await.unwrap().expect(201);
        assert!(started.elapsed() >= pause);
        assert_eq!(ghl.contacts(LOCATION).len(), 1);
    }
}

#[tokio::test]
async fn rates_are_reproducible() {
    let run = async |seed| {
        let plan = FaultPlan::seeded(seed).rate(Fault::ServerError(500), 0.3);
        let (_ghl, api) = failing(plan).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(api.get("/contacts/a").await.status);
        }
        statuses
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
    assert!(first.contains(&500) && first.contains(&400));
}

#[tokio::test]
async fn plans_can_be_replaced() {
    let (ghl, api) = failing(FaultPlan::seeded(1).rate(Fault::ServerError(500), 1.0)).await;
    assert_eq!(api.get("/contacts/a").await.status, 500);
    ghl.set_faults(FaultPlan::none());
    assert_eq!(api.get("/contacts/a").await.status, 400);
    let kinds: Vec<_> = ghl.requests().iter().map(|record| record.fault).collect();
    assert_eq!(kinds, [Some(FaultKind::ServerError), None]);
}
