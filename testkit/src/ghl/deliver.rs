use url::Url;

use super::{server::Shared, webhooks::SignedWebhook};
use crate::{
    common::{
        delivery::{Delivery, DeliveryPolicy},
        post::post_once,
    },
    fault::Fault,
};

impl Shared {
    /// Delivers in rounds: what fails is tried again after the rest, so that later webhooks
    /// overtake it, as they do in reality.
    pub(crate) async fn deliver(
        &self,
        url: &Url,
        webhooks: Vec<SignedWebhook>,
        policy: &DeliveryPolicy,
    ) -> Vec<Delivery> {
        let webhooks = self.disturb(webhooks);
        let mut deliveries: Vec<_> = webhooks
            .iter()
            .map(|(webhook, duplicate)| Delivery {
                webhook_id: webhook.webhook_id(),
                attempts: Vec::new(),
                duplicate: *duplicate,
            })
            .collect();
        let mut open: Vec<usize> = (0..webhooks.len()).collect();
        let mut delay = policy.first_delay;
        for round in 0..=policy.retries {
            let mut failed = Vec::new();
            for at in open {
                let (webhook, _) = &webhooks[at];
                let post = post_once(url, &webhook.headers, &webhook.body);
                let attempt = tokio::time::timeout(policy.timeout, post);
                let status = attempt.await.ok().and_then(Result::ok);
                deliveries[at].attempts.push(status);
                if policy.tries_again(status) {
                    failed.push(at);
                }
            }
            open = failed;
            if open.is_empty() || round == policy.retries {
                break;
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(policy.longest_delay);
        }
        deliveries
    }

    /// Duplicates and reorders by the fault plan.
    fn disturb(&self, webhooks: Vec<SignedWebhook>) -> Vec<(SignedWebhook, bool)> {
        let mut faults = self.faults();
        // Each has a place; a disturbed one moves back by up to four places.
        let mut placed = Vec::new();
        for (at, webhook) in webhooks.into_iter().enumerate() {
            let place = at * 2;
            let (fault, drawn) = faults.decide_webhook();
            let astray = place + 3 + usize::try_from(drawn % 4).unwrap_or(0) * 2;
            match fault {
                Some(Fault::DuplicateWebhooks) => {
                    placed.push((place, webhook.clone(), false));
                    placed.push((astray, webhook, true));
                }
                Some(Fault::OutOfOrderWebhooks) => placed.push((astray, webhook, false)),
                _ => placed.push((place, webhook, false)),
            }
        }
        placed.sort_by_key(|(place, _, _)| *place);
        let placed = placed.into_iter();
        placed.map(|(_, webhook, twice)| (webhook, twice)).collect()
    }
}
