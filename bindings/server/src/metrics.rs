//! Counters of the server, as Prometheus reads them.

use merganser::sync::Meters;
use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of latencies, in seconds.
const SECONDS: [f64; 14] =
    [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 5.0];
/// Upper bounds of the number of batches in a transaction.
const BATCHES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0];

/// The counters, kept by handle: counting is an atomic addition.
pub struct Metrics {
    prometheus: PrometheusHandle,
    /// Open WebSocket connections.
    pub connections: Gauge,
    /// Documents in memory.
    pub documents_open: Gauge,
    /// How long a transaction took, from its beginning until it was on the disk.
    pub commit_seconds: Histogram,
    /// Batches of documents in one transaction.
    pub commit_batches: Histogram,
    /// How long a document worked on one event, without waiting: a message, rows that were read, a timer.
    pub turn_seconds: Histogram,
    messages_received: Counter,
    received_bytes: Counter,
    messages_sent: Counter,
    sent_bytes: Counter,
    updates_new: Counter,
    updates_known: Counter,
    updates_refused: Counter,
    joins: Counter,
    operations: Counter,
    documents_built: Counter,
    flushes: Counter,
    failed_flushes: Counter,
    folds: Counter,
    pages_collected: Counter,
    rows_written: Counter,
    rows_read: Counter,
    stored_bytes: Counter,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_batches".into()), &BATCHES));
        let recorder = builder.expect("the buckets are not empty").build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            Metrics {
                prometheus: recorder.handle(),
                connections: gauge!("merganser_connections"),
                documents_open: gauge!("merganser_documents_open"),
                commit_seconds: histogram!("merganser_commit_seconds"),
                commit_batches: histogram!("merganser_commit_batches"),
                turn_seconds: histogram!("merganser_turn_seconds"),
                messages_received: counter!("merganser_messages_received_total"),
                received_bytes: counter!("merganser_received_bytes_total"),
                messages_sent: counter!("merganser_messages_sent_total"),
                sent_bytes: counter!("merganser_sent_bytes_total"),
                updates_new: counter!("merganser_updates_total", "outcome" => "new"),
                updates_known: counter!("merganser_updates_total", "outcome" => "known"),
                updates_refused: counter!("merganser_updates_total", "outcome" => "refused"),
                joins: counter!("merganser_joins_total"),
                operations: counter!("merganser_operations_total"),
                documents_built: counter!("merganser_documents_built_total"),
                flushes: counter!("merganser_flushes_total"),
                failed_flushes: counter!("merganser_failed_flushes_total"),
                folds: counter!("merganser_folds_total"),
                pages_collected: counter!("merganser_pages_collected_total"),
                rows_written: counter!("merganser_rows_written_total"),
                rows_read: counter!("merganser_rows_read_total"),
                stored_bytes: counter!("merganser_stored_bytes_total"),
            }
        })
    }
}

fn describe() {
    describe_gauge!("merganser_connections", "Open WebSocket connections.");
    describe_gauge!("merganser_documents_open", "Documents in memory.");
    describe_histogram!("merganser_commit_seconds", "Duration of a transaction until it is on the disk.");
    describe_histogram!("merganser_commit_batches", "Documents' batches in one transaction.");
    describe_histogram!(
        "merganser_turn_seconds",
        "Work of a document on one event (a message, rows that were read, a timer), waiting not included."
    );
    describe_counter!("merganser_messages_received_total", "Messages received.");
    describe_counter!("merganser_received_bytes_total", "Bytes of messages received.");
    describe_counter!("merganser_messages_sent_total", "Messages sent, once for each receiver.");
    describe_counter!("merganser_sent_bytes_total", "Bytes of messages sent, once for each receiver.");
    describe_counter!("merganser_updates_total", "Updates by what became of them.");
    describe_counter!("merganser_joins_total", "Connections that were brought up to date.");
    describe_counter!("merganser_operations_total", "Operations of clients without an engine that were carried out.");
    describe_counter!("merganser_documents_built_total", "Times that a document was built for such clients.");
    describe_counter!("merganser_flushes_total", "Writes of new edits to the store.");
    describe_counter!("merganser_failed_flushes_total", "Writes that failed.");
    describe_counter!("merganser_folds_total", "Journals folded into base pages.");
    describe_counter!("merganser_pages_collected_total", "Base pages written anew without what was deleted of them.");
    describe_counter!("merganser_rows_written_total", "Rows written, deleted ones included.");
    describe_counter!("merganser_rows_read_total", "Rows read.");
    describe_counter!("merganser_stored_bytes_total", "Bytes of rows written.");
}

impl Metrics {
    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        self.prometheus.render()
    }

    /// Sums up what the histograms have gathered; to be called every few seconds, or they grow.
    pub fn run_upkeep(&self) {
        self.prometheus.run_upkeep();
    }

    /// Adds what a room has done between two readings of its meters.
    pub fn add(&self, before: &Meters, now: &Meters) {
        let add = |counter: &Counter, before: u64, now: u64| {
            if now != before {
                counter.increment(now - before);
            }
        };
        add(&self.messages_received, before.messages_in, now.messages_in);
        add(&self.received_bytes, before.bytes_in, now.bytes_in);
        add(&self.messages_sent, before.messages_out, now.messages_out);
        add(&self.sent_bytes, before.bytes_out, now.bytes_out);
        add(&self.updates_new, before.updates_new, now.updates_new);
        add(&self.updates_known, before.updates_known, now.updates_known);
        add(&self.updates_refused, before.updates_refused, now.updates_refused);
        add(&self.joins, before.joins, now.joins);
        add(&self.operations, before.operations, now.operations);
        add(&self.documents_built, before.documents_built, now.documents_built);
        add(&self.flushes, before.flushes, now.flushes);
        add(&self.failed_flushes, before.failed_flushes, now.failed_flushes);
        add(&self.folds, before.folds, now.folds);
        add(&self.pages_collected, before.pages_collected, now.pages_collected);
        add(&self.rows_written, before.rows_written, now.rows_written);
        add(&self.rows_read, before.rows_read, now.rows_read);
        add(&self.stored_bytes, before.bytes_written, now.bytes_written);
    }
}
