-- Rate budgets: PostgreSQL. Its twin in ../sqlite holds the same tables and columns; a test compares them.

-- What the processes of a deployment may send together. A provider counts by credential or account, whoever's they are:
-- so the key has no tenant. state is JSON; attention_until says until when processes look at the row unasked.
CREATE TABLE rate_budgets (
    provider        TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    class           TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    attention_until BIGINT  NOT NULL,
    used_at         BIGINT  NOT NULL,
    PRIMARY KEY (provider, subject, class)
) WITH (fillfactor = 50);

CREATE INDEX rate_budgets_attention ON rate_budgets (attention_until);
