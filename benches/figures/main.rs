//! `make bench`: the cost of signing in and of showing a page, as ratios to what the same cores do at best,
//! measured in turn in one run. `seed` fills a database for other measurements.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]

mod burst;
mod child;
mod client;
mod folder;
mod hashing;
mod pages;
mod passkeys;
mod scale;
mod seed;
#[expect(clippy::unwrap_used, reason = "written for tests, which may panic")]
#[path = "../../tests/it/support/soft_passkey.rs"]
mod soft_passkey;
mod table;
mod visit;

use std::process::ExitCode;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};

use child::Server;
use folder::Folder;
use hashing::SignIns;
use pages::{BARE_PAGE, STATIC_PAGE, Site};
use table::{Table, median};

/// The same as the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures sign-ins, pages, memory and starts.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    plan: Plan,
    /// Cargo passes this flag.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Create users that share a password, and do nothing else.
    Seed(seed::Seed),
}

/// How long to measure.
#[derive(Args, Clone, Copy, Debug)]
struct Plan {
    /// Rounds of each comparison; the figures are their medians.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of sign-ins in a round; half as many of bare hashing before it and after it.
    #[arg(long, default_value_t = 10)]
    sign_in_seconds: u64,
    /// Seconds of each page in a round.
    #[arg(long, default_value_t = 3)]
    page_seconds: u64,
    /// Users in the database.
    #[arg(long, default_value_t = 10_000)]
    users: usize,
    /// Users for measuring the administration, compared with a thousand; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    many: usize,
    /// Events in its audit log.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
}

/// Timed starts of the server.
const STARTS: usize = 5;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Seed(seed)) => seed.run(),
        None => measure(cli.plan),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(plan: Plan) -> Result<()> {
    let folder = Folder::create()?;
    step("making users");
    let users = seed::Seed::new(folder.database(), plan.users);
    users.run()?;

    let mut table = Table::default();
    let before = busy_cores()?;
    step("cold starts");
    let server = cold_starts(&folder, &mut table)?;
    let visit = measure_child(plan, &folder, &server, &users, &mut table)?;
    let cookie = hashing::sign_in(server.address, &users, 0)?;
    drop(server);

    step("pages, a bare Leptos page and a static response in turn");
    measure_pages(plan, &folder, &cookie, &mut table)?;
    if plan.many > 0 {
        scale::measure(folder.path(), (plan.many, plan.events), &mut table)?;
    }
    let after = busy_cores()?;

    println!("{table}\n{visit}");
    println!(
        "Others kept {before:.1} of {} cores busy before and {after:.1} after.",
        hashing::cores()
    );
    Ok(())
}

/// Times cold starts; returns the last server, still running.
fn cold_starts(folder: &Folder, table: &mut Table) -> Result<Server> {
    let mut times = Vec::new();
    // The first start only brings the files into the cache.
    let mut server = Server::start(folder)?;
    for _ in 0..STARTS {
        drop(server);
        server = Server::start(folder)?;
        times.push(server.startup_time.as_secs_f64() * 1e3);
    }
    table.at_most("cold start to first page, ms", median(&times), 100.0);
    table.note(&format!("{STARTS} starts: {}", table::list(&times, 0)));
    Ok(server)
}

/// Measures the binary: memory, the first visit, and sign-ins compared with bare hashing.
fn measure_child(
    plan: Plan,
    folder: &Folder,
    server: &Server,
    users: &seed::Seed,
    table: &mut Table,
) -> Result<String> {
    pause(Duration::from_secs(1));
    table.at_most("resident memory idle, MB", server.memory("VmRSS")?, 30.0);
    step("first visit");
    let visit = visit::first_visit(server.address)?;
    table.at_most("first visit to /sign-in, bytes", visit.body_bytes() as f64, 200_000.0);

    step("sign-ins and bare Argon2id in turn");
    let sign_ins = SignIns { address: server.address, users, next: AtomicUsize::new(0) };
    let parameters = folder.config(server.address)?.password;
    let time = Duration::from_secs(plan.sign_in_seconds);
    sign_ins.run(Duration::from_secs(1))?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    let mut bare = vec![hashing::bare(&parameters, time / 2)?];
    for n in 0..plan.rounds {
        let rate = sign_ins.run(time)?;
        bare.push(hashing::bare(&parameters, time / 2)?);
        // The speed of the cores drifts within seconds, so it is measured before and after.
        ratios.push(rate / f64::midpoint(bare[n], bare[n + 1]));
        rates.push(rate);
    }
    table.at_least("password sign-ins over bare Argon2id", median(&ratios), 0.95);
    table.note(&format!(
        "{:.1} sign-ins a second where {} cores can do {:.1} hashes; rounds: {}",
        median(&rates),
        hashing::cores(),
        median(&bare),
        table::list(&ratios, 3)
    ));
    measure_passkeys(plan, server, table)?;
    table.at_most("peak memory while 8 clients sign in, MB", server.memory("VmHWM")?, 120.0);
    measure_bursts(server, users, table)?;
    Ok(visit.to_string())
}

/// Measures sign-ins with passkeys, compared with bare verification of signatures.
fn measure_passkeys(plan: Plan, server: &Server, table: &mut Table) -> Result<()> {
    step("passkey sign-ins and bare P-256 verification in turn");
    let sign_ins = passkeys::PasskeySignIns::prepare(server.address)?;
    let time = Duration::from_secs(plan.sign_in_seconds);
    sign_ins.run(Duration::from_secs(1))?;
    let (mut ratios, mut rates, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let verified = passkeys::bare(time / 4)?;
        let rate = sign_ins.run(time)?;
        ratios.push(rate / verified);
        rates.push(rate);
        bare.push(verified);
    }
    table.at_least("passkey sign-ins over bare P-256", median(&ratios), 0.0);
    table.note(&format!(
        "{:.0} sign-ins a second, of two requests each, where {} cores verify {:.0} signatures; rounds: {}",
        median(&rates),
        hashing::cores(),
        median(&bare),
        table::list(&ratios, 3)
    ));
    Ok(())
}

/// Measures bursts of requests, and the page that others request meanwhile.
fn measure_bursts(server: &Server, users: &seed::Seed, table: &mut Table) -> Result<()> {
    step("bursts of sign-ins and sign-ups");
    let sign_in =
        |n: usize| vec![("email", users.email(n)), ("password", users.password().to_owned())];
    let sign_up = |n: usize| {
        let email = format!("new{n}@example.com");
        vec![("email", email), ("password", users.password().to_owned())]
    };
    let bursts = [
        ("sign-ins", burst::burst(server.address, "/api/sign-in/password", sign_in)?),
        ("sign-ups", burst::burst(server.address, "/api/sign-up", sign_up)?),
    ];
    for (what, it) in bursts {
        let size = burst::BURST_SIZE;
        let name = format!("slowest /sign-in while {size} {what} come at once, ms");
        table.at_most(&name, it.slowest.as_secs_f64() * 1e3, 1000.0);
        table.note(&format!(
            "{} taken, {} asked to come back, within {:.1} s; {} pages meanwhile",
            it.accepted,
            it.rejected,
            it.duration.as_secs_f64(),
            it.pages
        ));
    }
    table.at_most("peak memory after both bursts, MB", server.memory("VmHWM")?, 120.0);
    Ok(())
}

/// Measures pages of the same router in this process, compared with a handler that does nothing.
fn measure_pages(plan: Plan, folder: &Folder, cookie: &str, table: &mut Table) -> Result<()> {
    let site = Site::start(folder)?;
    let seconds = plan.page_seconds;
    let (mut fixed, mut bare) = (Vec::new(), Vec::new());
    let (mut sign_in, mut dashboard) = (Vec::new(), Vec::new());
    // Warm up.
    site.load(STATIC_PAGE, "", 1)?;
    site.load(BARE_PAGE, "", 1)?;
    site.load("/sign-in", "", 1)?;
    site.load("/dashboard", cookie, 1)?;
    for _ in 0..plan.rounds {
        fixed.push(site.load(STATIC_PAGE, "", seconds)?);
        bare.push(site.load(BARE_PAGE, "", seconds)?);
        sign_in.push(site.load("/sign-in", "", seconds)?);
        dashboard.push(site.load("/dashboard", cookie, seconds)?);
    }
    for (what, rates, wanted) in [
        ("sign-in page", sign_in, 0.15),
        ("dashboard", dashboard, 0.08),
        // What Leptos alone could reach.
        ("bare Leptos page, as large as the dashboard,", bare, 0.0),
    ] {
        let ratios: Vec<_> = rates.iter().zip(&fixed).map(|(rate, fixed)| rate / fixed).collect();
        table.at_least(&format!("{what} over a static response"), median(&ratios), wanted);
        table.note(&format!(
            "{:.0} a second where a handler that does nothing responds {:.0} times; rounds: {}",
            median(&rates),
            median(&fixed),
            table::list(&ratios, 3)
        ));
    }
    Ok(())
}

/// Returns the cores in use over a second in which this run is idle: a busy machine's ratios say little.
fn busy_cores() -> Result<f64> {
    let idle = || -> Result<f64> {
        let times = std::fs::read_to_string("/proc/uptime")?;
        Ok(times.split_whitespace().nth(1).unwrap_or_default().parse()?)
    };
    let (began, before) = (Instant::now(), idle()?);
    pause(Duration::from_secs(1));
    Ok((hashing::cores() as f64 - (idle()? - before) / began.elapsed().as_secs_f64()).max(0.0))
}

/// Prints the step in progress.
fn step(what: &str) {
    eprintln!("  {what}");
}

#[expect(clippy::disallowed_methods, reason = "no runtime runs on this thread")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
