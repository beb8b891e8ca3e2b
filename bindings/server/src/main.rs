//! `merganser`: starts the server.

use clap::Parser;
use merganser_server::options::CommandLine;
use merganser_server::server::serve;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let options = CommandLine::parse().into_serve_options();
    let filter = EnvFilter::builder().with_env_var("MERGANSER_LOG").try_from_env();
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(serve(options)).map_err(|error| error.to_string());
            // What still waits for a client has had its time.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("merganser: {error}");
            ExitCode::FAILURE
        }
    }
}
