//! Group commit: one thread carries out what all documents ask for, many of them in one transaction.

use super::database::Database;
use super::{OpenError, StoredDocument};
use crate::metrics::Metrics;
use merganser::archive::{HostLimits, RowKey, RowWrite, StoreError};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most jobs of one transaction.
const MOST_JOBS: usize = 1_000;
/// Transactions that write begin at least so far apart: then the edits of many share one, and who types alone
/// waits for nothing. On the disk a transaction of many costs hardly more than one of one.
const APART: Duration = Duration::from_millis(10);

/// What became of a write, or the rows of a read.
pub type Outcome<T> = Result<T, StoreError>;
type Rows = Vec<(RowKey, Vec<u8>)>;
type Answer<T> = Box<dyn FnOnce(Outcome<T>) + Send>;

enum Job {
    Read { document: Arc<StoredDocument>, keys: Vec<RangeInclusive<RowKey>>, answer: Answer<Rows> },
    Write { document: Arc<StoredDocument>, rows: Vec<RowWrite>, answer: Answer<()> },
    Delete { document: Arc<StoredDocument>, answer: Answer<()> },
}

/// What a job has brought, before it is known whether the transaction lasts.
enum Done {
    Read(Outcome<Rows>),
    /// With the document's number.
    Write(Outcome<i64>),
    Delete(Outcome<()>),
}

/// The store of all documents. Jobs take effect in the order in which they were handed in; a read sees each
/// write before it and none after it.
#[derive(Debug)]
pub struct Storage {
    /// `None` once it is closed.
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    is_failing: Arc<AtomicBool>,
}

impl Storage {
    /// Opens the data folder, making it if it is not there.
    ///
    /// # Errors
    /// If it can't be written to, another server uses it, or a later version of the program wrote it.
    pub fn open(folder: &Path, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let database = Database::open(folder)?;
        let (jobs, todo) = channel();
        let is_failing = Arc::new(AtomicBool::new(false));
        let committer = Committer { database, metrics, is_failing: is_failing.clone() };
        let spawned = std::thread::Builder::new().name("storage".into()).spawn(move || committer.run(&todo));
        let thread = spawned.map_err(|cause| OpenError::File { path: folder.to_path_buf(), cause })?;
        Ok(Storage { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), is_failing })
    }

    /// The largest row and batch that a document may write.
    pub fn limits(&self) -> HostLimits {
        Database::limits()
    }

    /// Whether the last transaction failed.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Reads rows; `answer` is called by the storage thread and must not wait.
    pub fn read(
        &self,
        document: Arc<StoredDocument>,
        keys: RangeInclusive<RowKey>,
        answer: impl FnOnce(Outcome<Rows>) + Send + 'static,
    ) {
        self.read_ranges(document, vec![keys], answer);
    }

    /// Reads the rows of several ranges as they are at one moment; otherwise like [`read`](Storage::read).
    pub fn read_ranges(
        &self,
        document: Arc<StoredDocument>,
        keys: Vec<RangeInclusive<RowKey>>,
        answer: impl FnOnce(Outcome<Rows>) + Send + 'static,
    ) {
        self.hand_in(Job::Read { document, keys, answer: Box::new(answer) });
    }

    /// Deletes the document, with all its rows and its name; otherwise like [`write`](Storage::write).
    pub fn delete(&self, document: Arc<StoredDocument>, answer: impl FnOnce(Outcome<()>) + Send + 'static) {
        self.hand_in(Job::Delete { document, answer: Box::new(answer) });
    }

    /// Writes a batch, whole or not at all; `answer` is called by the storage thread once it is on the disk, and
    /// must not wait.
    pub fn write(
        &self,
        document: Arc<StoredDocument>,
        rows: Vec<RowWrite>,
        answer: impl FnOnce(Outcome<()>) + Send + 'static,
    ) {
        self.hand_in(Job::Write { document, rows, answer: Box::new(answer) });
    }

    /// Carries out what was handed in and closes the file. Jobs that come later fail.
    pub fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the storage thread has failed");
        }
    }

    fn hand_in(&self, job: Job) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match &*jobs {
            Some(jobs) => jobs.send(job).err().map(|refused| refused.0),
            None => Some(job),
        };
        drop(jobs);
        if let Some(job) = refused {
            job.fail(StoreError::Failed("the store is closed".into()));
        }
    }
}

impl Job {
    fn fail(self, error: StoreError) {
        match self {
            Job::Read { answer, .. } => answer(Err(error)),
            Job::Write { answer, .. } | Job::Delete { answer, .. } => answer(Err(error)),
        }
    }

    fn answer(self, done: Done) {
        match (self, done) {
            (Job::Read { answer, .. }, Done::Read(rows)) => answer(rows),
            (Job::Write { document, answer, .. }, Done::Write(written)) => answer(written.map(|number| {
                document.number.get_or_init(|| number);
            })),
            (Job::Delete { answer, .. }, Done::Delete(deleted)) => answer(deleted),
            _ => unreachable!("a job is answered by what it has done"),
        }
    }
}

/// The thread's own.
struct Committer {
    database: Database,
    metrics: Arc<Metrics>,
    is_failing: Arc<AtomicBool>,
}

impl Committer {
    fn run(self, todo: &Receiver<Job>) {
        let mut next = Instant::now();
        while let Ok(first) = todo.recv() {
            if !matches!(first, Job::Read { .. }) {
                // Asleep, so that what comes meanwhile does not wake this thread each time.
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                next = Instant::now() + APART;
            }
            let mut jobs = vec![first];
            jobs.extend(todo.try_iter().take(MOST_JOBS - 1));
            self.carry_out(jobs);
        }
    }

    fn carry_out(&self, jobs: Vec<Job>) {
        match self.carry_out_together(&jobs) {
            Ok(done) => jobs.into_iter().zip(done).for_each(|(job, done)| job.answer(done)),
            Err(error) if jobs.len() == 1 => {
                tracing::error!(%error, "a transaction failed");
                jobs.into_iter().for_each(|job| job.fail(error.clone()));
            }
            // The transaction is lost as a whole: alone, what did not cause it may still succeed.
            Err(_) => jobs.into_iter().for_each(|job| self.carry_out(vec![job])),
        }
    }

    /// Carries jobs out in one transaction. An error of one document's batch is in what is returned for it; one
    /// that ends the transaction is returned, and then nothing was changed.
    fn carry_out_together(&self, jobs: &[Job]) -> Outcome<Vec<Done>> {
        let started = Instant::now();
        let done = self.database.begin().and_then(|()| self.carry_out_each(jobs)).and_then(|done| {
            self.database.commit()?;
            Ok(done)
        });
        if done.is_err() {
            self.database.roll_back();
        }
        let writes = jobs.iter().filter(|job| !matches!(job, Job::Read { .. })).count();
        if writes > 0 {
            self.is_failing.store(done.is_err(), Ordering::Relaxed);
            self.metrics.commit_batches.record(writes as f64);
            self.metrics.commit_seconds.record(started.elapsed());
        }
        done
    }

    fn carry_out_each(&self, jobs: &[Job]) -> Outcome<Vec<Done>> {
        let mut all = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (done, error) = match job {
                Job::Read { document, keys, .. } => {
                    let rows = self.read(document, keys);
                    let error = rows.as_ref().err().cloned();
                    (Done::Read(rows), error)
                }
                Job::Write { document, rows, .. } => {
                    let written = self.database.write(document, rows);
                    let error = written.as_ref().err().cloned();
                    (Done::Write(written), error)
                }
                Job::Delete { document, .. } => {
                    let deleted = self.database.delete(document);
                    let error = deleted.as_ref().err().cloned();
                    (Done::Delete(deleted), error)
                }
            };
            if let Some(error) = error {
                if !self.database.is_in_transaction() {
                    return Err(error);
                }
                tracing::error!(%error, "a document's rows could not be read or written");
            }
            all.push(done);
        }
        Ok(all)
    }

    fn read(&self, document: &StoredDocument, keys: &[RangeInclusive<RowKey>]) -> Outcome<Rows> {
        let Some(number) = self.database.find_number(document)? else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        for range in keys {
            rows.append(&mut self.database.read(number, range)?);
        }
        Ok(rows)
    }
}
