//! The client over real sockets, on a simulated Verity behind a simulated Clerk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clerk_client::{Client as Clerk, Jwks, Reason, SessionTokens, SessionVerifier};
use http::Method;
use integrations_core::catalog::{Access, Arguments, Catalog, Upstream, UpstreamCall};
use integrations_core::http::{HttpContext, RetryPolicy, TokenSource};
use integrations_core::phone::PhoneNumber;
use integrations_core::webhook::{Secrets, WebhookSource};
use integrations_testkit::clerk::{Clock, SimulatedClerk};
use integrations_testkit::verity::{Proof, SimulatedVerity, WebhookFaults};
use integrations_testkit::{Fault, FaultPlan};
use serde_json::{Value, json};
use verity_client::catalog::{CatalogFile, VerityCatalog};
use verity_client::comms::{BroadcastKind, NewBroadcast};
use verity_client::texting::SendMessage;
use verity_client::webhook::{Event, VerificationMode, VerityWebhooks};
use verity_client::{Client, ErrorKind, VerityUpstream};

use crate::support::catalogue;

struct World {
    clerk: SimulatedClerk,
    verity: SimulatedVerity,
    context: HttpContext,
}

impl World {
    async fn start() -> Self {
        let clerk = SimulatedClerk::builder()
            .clock(Clock::real())
            .start()
            .await
            .unwrap();
        let verity = SimulatedVerity::builder()
            .tokens(clerk.verifier())
            .catalogue(catalogue())
            .start()
            .await
            .unwrap();
        let context = HttpContext::new().unwrap();
        Self {
            clerk,
            verity,
            context,
        }
    }

    fn tokens(&self, user: &str) -> SessionTokens {
        let clerk = Clerk::builder()
            .secret_key(self.clerk.secret_key())
            .base_url(&self.clerk.api_url())
            .context(&self.context)
            .build()
            .unwrap();
        SessionTokens::for_user(&clerk, user)
    }

    fn client(&self, user: &str) -> Client {
        Client::builder()
            .base_url(self.verity.base_url())
            .service_key(self.verity.service_key())
            .tokens(self.tokens(user))
            .retry(RetryPolicy::never())
            .context(&self.context)
            .build()
            .unwrap()
    }

    fn verifier(&self) -> SessionVerifier {
        let keys = Jwks::at(&self.clerk.jwks_url(), &self.context)
            .unwrap()
            .build();
        SessionVerifier::builder(keys)
            .issuer(self.clerk.issuer())
            .build()
            .unwrap()
    }
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_e164(text).unwrap()
}

#[tokio::test]
async fn sessions_expire_at_verity_and_are_renewed_without_a_word() {
    let world = World::start().await;
    world.clerk.sign_in("user_service", json!({}));
    let client = world.client("user_service");
    assert_eq!(client.calls().agents().await.unwrap().len(), 2);
    // The token is good by our clock and no longer by Clerk's.
    world.clerk.clock().advance(Duration::from_secs(3600));
    assert_eq!(client.calls().agents().await.unwrap().len(), 2);
    assert_eq!(world.clerk.stats().session_tokens, 2);
    assert_eq!(world.verity.stats().refused, 1);
    let error = client
        .calls()
        .test_agent(&"agent-1".into())
        .send::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
}

#[tokio::test]
async fn an_administrator_may_more_and_a_catalogue_knows_it() {
    let world = World::start().await;
    world.clerk.sign_in("user_admin", json!({"admin": true}));
    let client = world.client("user_admin");
    let file = Arc::new(CatalogFile::parse(&catalogue().to_string()).unwrap());
    let catalog = VerityCatalog::new(&client, file);
    let operation = |name: &str| catalog.file().operation(name).unwrap().clone();
    let mut arguments = Arguments::default();
    arguments.path.insert("agentId".into(), "agent-2".into());
    let answer = catalog
        .call(&operation("calls_agents_test_by_agentId"), arguments)
        .await
        .unwrap();
    assert_eq!(answer.json().unwrap()["agentId"], "agent-2");
    let broadcast = client
        .comms()
        .broadcasts()
        .create(&NewBroadcast::new(BroadcastKind::Sms))
        .await
        .unwrap();
    let id = broadcast.id.unwrap();
    let mut arguments = Arguments::default();
    arguments.path.insert("id".into(), id.as_str().into());
    arguments.body = Some(json!({"subject": "News"}));
    catalog
        .call(&operation("comms_broadcasts_patch_by_id"), arguments)
        .await
        .unwrap();
    assert_eq!(world.verity.broadcast(id.as_str())["subject"], "News");
    let listed = client.comms().broadcasts().list(None, None).await.unwrap();
    assert_eq!(listed[0].subject.as_deref(), Some("News"));
    client.comms().broadcasts().delete(&id).await.unwrap();
    let error = client.comms().broadcasts().get(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(world.verity.write_journal().len(), 4);
    assert_eq!(world.verity.applied_twice(), []);
}

#[tokio::test]
async fn a_gateway_proves_callers_and_forwards_them() {
    let world = World::start().await;
    let session = world.clerk.sign_in("user_caller", json!({}));
    world.clerk.sign_in("user_service", json!({"admin": true}));
    let file = Arc::new(CatalogFile::parse(&catalogue().to_string()).unwrap());
    let upstream = VerityUpstream::builder(&world.client("user_service"))
        .catalog(file)
        .verifier(world.verifier())
        .build();
    let token = world.clerk.session_token(&session);
    let caller = upstream.verify(&token).await.unwrap();
    assert_eq!(
        (
            caller.subject.as_str(),
            caller.session.as_deref(),
            caller.is_admin
        ),
        ("user_caller", Some(session.as_str()), false)
    );
    let route = upstream
        .route(&Method::GET, "/apicalls/agents", &BTreeMap::new())
        .unwrap();
    assert_eq!(route.access, Access::User);
    let mut call = UpstreamCall::new(Method::GET, route.clone());
    call.token = Some(token.as_str().into());
    let answer = upstream.send(call).await.unwrap();
    assert_eq!(answer.status.as_u16(), 200);
    assert!(
        answer
            .body
            .read(10_000)
            .await
            .unwrap()
            .starts_with(b"{\"agents\"")
    );
    // The keys are changed: the next token is signed with one that nobody has seen.
    world.clerk.rotate_keys();
    let token = world.clerk.session_token(&session);
    let error = upstream.verify(&token).await.unwrap_err();
    assert_eq!(
        Reason::of(&error),
        Some(Reason::KidMismatch),
        "asked a moment ago"
    );
    assert!(world.verifier().verify(&token).await.is_ok());
    // Our own session, when the caller has none, and again when it is over.
    for _ in 0..2 {
        let answer = upstream
            .send(UpstreamCall::new(Method::GET, route.clone()))
            .await
            .unwrap();
        assert_eq!(answer.status.as_u16(), 200);
        world.clerk.clock().advance(Duration::from_secs(3600));
    }
    let expired = world.verity.requests();
    assert_eq!(
        expired
            .iter()
            .filter(|request| request.status == Some(401))
            .count(),
        1
    );
}

#[tokio::test]
async fn forged_and_foreign_tokens_are_refused() {
    let world = World::start().await;
    let other = SimulatedClerk::start().await.unwrap();
    let session = other.sign_in("user_caller", json!({}));
    let verifier = world.verifier();
    let refused = |token: String| {
        let verifier = verifier.clone();
        async move { Reason::of(&verifier.verify(&token).await.unwrap_err()).unwrap() }
    };
    // The other instance's first key has the id of ours.
    assert_eq!(
        refused(other.session_token(&session)).await,
        Reason::InvalidSignature
    );
    let claims = json!({"iss": other.issuer(), "sub": "user_x", "sid": "sess_x", "exp": i64::from(u32::MAX)});
    let header = json!({"alg": "RS256", "kid": "ins_made_up_1", "typ": "JWT"});
    assert_eq!(
        refused(world.clerk.forge(&header, &claims)).await,
        Reason::InvalidIssuer
    );
    let template = world.clerk.sign_in("user_t", json!({}));
    let clerk = Clerk::builder()
        .secret_key(world.clerk.secret_key())
        .base_url(&world.clerk.api_url())
        .build()
        .unwrap();
    let token = SessionTokens::for_session(&clerk, template.as_str())
        .template("verity")
        .token()
        .await
        .unwrap();
    assert_eq!(
        refused(token.expose_secret().to_owned()).await,
        Reason::TokenInvalid
    );
    assert!(!world.clerk.accepts(&other.session_token(&session)));
}

#[tokio::test]
async fn messages_and_what_becomes_of_them() {
    let world = World::start().await;
    let client = world.client("nobody");
    world.verity.set_unreachable("+12025550177");
    let first = client
        .texting()
        .send(&SendMessage::new(number("+12025550123"), "Hello").correlation("ghl-1"))
        .await
        .unwrap();
    client
        .texting()
        .send(&SendMessage::new(number("+12025550177"), "Hello"))
        .await
        .unwrap();
    world
        .verity
        .receive_text("+12025550123", "+12025550199", " stop ");
    client
        .texting()
        .send(&SendMessage::new(number("+12025550123"), "Still there?"))
        .await
        .unwrap();
    assert_eq!(world.verity.stop_violations(), 1);
    let texts = world.verity.texts();
    assert_eq!(
        (texts[0].id.as_str(), texts[0].correlation.as_deref()),
        (first.message_id.as_str(), Some("ghl-1"))
    );

    let source = VerityWebhooks::new();
    let secrets = Secrets::one(world.verity.webhook_secret());
    let mut kinds = Vec::new();
    for webhook in world.verity.take_webhooks(Proof::Signature) {
        let raw = integrations_core::webhook::RawRequest::new(
            Method::POST,
            "",
            webhook.headers,
            webhook.body,
        );
        let verified = source
            .verify(&raw, &secrets, jiff::Timestamp::UNIX_EPOCH)
            .unwrap();
        let event = source.events(verified).unwrap().remove(0);
        let typed = Event::try_from(&event).unwrap();
        if let Event::MessageFailed(failed) = &typed {
            assert!(failed.error_code.is_some());
        }
        kinds.push(typed.kind().to_owned());
    }
    assert_eq!(
        kinds,
        [
            "conversation.created",
            "message.sent",
            "message.delivered",
            "conversation.created",
            "message.sent",
            "message.failed",
            "optout.stop",
            "message.sent",
            "message.failed",
        ]
    );
    for (proof, mode, taken) in [
        (
            Proof::GenericSignature,
            VerificationMode::RequireSignature,
            true,
        ),
        (
            Proof::LegacySecret,
            VerificationMode::RequireSignature,
            false,
        ),
        (
            Proof::LegacySecret,
            VerificationMode::AllowLegacySecret,
            true,
        ),
        (Proof::Forged, VerificationMode::AllowLegacySecret, false),
        (Proof::Nothing, VerificationMode::AllowLegacySecret, false),
    ] {
        for broadcast in [false, true] {
            let webhook = world.verity.webhook("{}", broadcast, proof);
            let raw = integrations_core::webhook::RawRequest::new(
                Method::POST,
                "",
                webhook.headers,
                webhook.body,
            );
            let source = VerityWebhooks::new().mode(mode);
            assert_eq!(
                source
                    .verify(&raw, &secrets, jiff::Timestamp::UNIX_EPOCH)
                    .is_ok(),
                taken,
                "{proof:?} {mode:?}"
            );
        }
    }
}

#[tokio::test]
async fn faults_leave_no_second_message() {
    let world = World::start().await;
    let client = world.client("nobody");
    let message = SendMessage::new(number("+12025550123"), "Hello");
    for (fault, unknown, taken) in [
        (Fault::ResetAfter, true, 1),
        (Fault::ServerErrorAfterEffect(502), true, 2),
        (Fault::TruncatedBody, true, 3),
        (Fault::EmptyBody, true, 4),
        (Fault::HtmlOnOk, true, 4),
        (Fault::TooManyRequests { retry_after: None }, false, 4),
        (Fault::Redirect("http://127.0.0.1:9/".into()), false, 4),
    ] {
        world
            .verity
            .set_faults(FaultPlan::none().script("/api/*", [fault.clone()]));
        let error = client.texting().send(&message).await.unwrap_err();
        assert_eq!(error.is_outcome_unknown(), unknown, "{fault:?} {error}");
        assert_eq!(world.verity.texts().len(), taken, "{fault:?}");
    }
    world.verity.set_faults(FaultPlan::none());
    world.verity.set_service_key_works(false);
    assert_eq!(
        client.texting().send(&message).await.unwrap_err().kind(),
        ErrorKind::Auth
    );
}

/// A socket that is a receiver of webhooks: answers 500 to every other one.
async fn receiver() -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/texting", listener.local_addr().unwrap());
    let seen: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    text.extend_from_slice(&buffer[..read]);
                    let whole = String::from_utf8_lossy(&text).into_owned();
                    let Some((head, body)) = whole.split_once("\r\n\r\n") else {
                        continue;
                    };
                    let length: usize = head
                        .lines()
                        .find_map(|line| {
                            line.to_lowercase()
                                .strip_prefix("content-length: ")?
                                .parse()
                                .ok()
                        })
                        .unwrap_or(0);
                    if body.len() < length {
                        continue;
                    }
                    let status = {
                        let mut log = log.lock().unwrap();
                        log.push(body.to_owned());
                        if log.len().is_multiple_of(2) {
                            "500 X"
                        } else {
                            "200 OK"
                        }
                    };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                    text.clear();
                }
            });
        }
    });
    (url, seen)
}

#[tokio::test]
async fn webhooks_come_again_twice_and_out_of_order() {
    let world = World::start().await;
    let (url, seen) = receiver().await;
    let faults = WebhookFaults::seeded(7)
        .duplicate(0.5, 2)
        .reorder(0.5, Duration::from_millis(50));
    let sender = world.verity.send_webhooks(url).faults(faults).start();
    for at in 0..20 {
        world
            .verity
            .receive_text(&format!("+1202555{at:04}"), "+12025550199", "Hi");
    }
    world.verity.announce_broadcast("b1", "analytics_updated");
    assert!(sender.settled(Duration::from_secs(20)).await);
    let stats = sender.stats();
    assert!(
        stats.copies > 0 && stats.failed_tries > 0 && stats.given_up == 0,
        "{stats:?}"
    );
    let distinct: std::collections::BTreeSet<_> = seen.lock().unwrap().iter().cloned().collect();
    assert_eq!(u64::try_from(distinct.len()).unwrap(), stats.changes);
}

#[tokio::test]
async fn the_provider_sends_a_text_and_tests_its_key() {
    use integrations_core::model::{Channel, Message, Party};
    use integrations_core::provider::{Context, Provider};
    let world = World::start().await;
    let provider = verity_client::Verity::new().with_base_url(world.verity.base_url());
    let connect = |config: Value| {
        let config = provider.template().validate(&config).unwrap().into_config();
        let tenant = integrations_core::TenantId::new("acme").unwrap();
        let context = Context::new(
            world.context.clone(),
            tenant,
            integrations_core::IntegrationId::new(),
        );
        provider.connect(config, &context).unwrap()
    };
    let connection = connect(
        json!({"apiKey": world.verity.service_key(), "account": "main", "from": "+12025550100"}),
    );
    let report = connection.test_connection().await.unwrap();
    assert_eq!(report.account_id.as_deref(), Some("main"));
    assert_eq!(world.verity.texts(), []);
    let messages = connection.messages().unwrap();
    let mut message = Message::new()
        .with_channel(Channel::Sms)
        .with_body("Hello")
        .with_id("ghl-1");
    assert_eq!(
        messages.send(&message).await.unwrap_err().kind(),
        ErrorKind::Validation
    );
    message.to = vec![Party::Phone(number("+12025550123"))];
    let sent = messages.send(&message).await.unwrap();
    let text = &world.verity.texts()[0];
    assert_eq!(
        (
            sent.message.unwrap().as_str(),
            sent.conversation.unwrap().as_str()
        ),
        (text.id.as_str(), text.chat.as_str())
    );
    assert_eq!(
        (text.from.as_str(), text.correlation.as_deref()),
        ("+12025550100", Some("ghl-1"))
    );
    for (channel, to) in [
        (Channel::Email, vec![Party::Phone(number("+12025550123"))]),
        (Channel::Sms, vec![Party::Other("short".into())]),
        (
            Channel::Sms,
            vec![
                Party::Phone(number("+12025550123")),
                Party::Phone(number("+12025550124")),
            ],
        ),
    ] {
        message.channel = Some(channel);
        message.to = to;
        assert_eq!(
            messages.send(&message).await.unwrap_err().kind(),
            ErrorKind::Validation
        );
    }
    assert_eq!(world.verity.texts().len(), 1);
    let wrong = connect(json!({"apiKey": "wrong", "account": "main"}));
    assert_eq!(
        wrong.test_connection().await.unwrap_err().kind(),
        ErrorKind::Auth
    );
    world
        .verity
        .set_faults(FaultPlan::seeded(1).rate(Fault::HtmlOnOk, 1.0));
    assert_eq!(
        connection.test_connection().await.unwrap_err().kind(),
        ErrorKind::Decode
    );
}
