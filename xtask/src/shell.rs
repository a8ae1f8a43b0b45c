//! Running commands: aloud, captured, line by line, or long ones with progress.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Errors are finished messages for the person at the terminal: what is wrong, what to do.
pub type Result<T> = std::result::Result<T, String>;

/// Runs `command` in the open, after printing it.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().map_err(|error| no_start(command, error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", describe(command))) }
}

/// Runs `command` and returns its standard output; its standard error goes into the message of a failure.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| no_start(command, error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` failed ({})\n{}", describe(command), output.status, stderr.trim_end()))
}

/// Runs `command` in the open and also hands each line of its standard output to `line`.
pub fn run_tee(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    announce(command);
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| no_start(command, error))?;
    let mut reader = BufReader::new(child.stdout.take().expect("the output was piped"));
    let mut bytes = Vec::new();
    // Bytes, not `lines()`: a test may print something that is not UTF-8.
    while reader.read_until(b'\n', &mut bytes).unwrap_or(0) > 0 {
        let text = String::from_utf8_lossy(&bytes);
        print!("{text}");
        line(text.trim_end());
        bytes.clear();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", describe(command))) }
}

/// Runs a long `command` with its output in the file `log`, showing how long it
/// runs and the last line it wrote. A failure shows the end of the log. The
/// command's input is the caller's to set; it should not be the terminal.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let errors = file.try_clone().map_err(|error| error.to_string())?;
    let mut child = command.stdout(file).stderr(errors).spawn().map_err(|error| no_start(command, error))?;

    let terminal = std::io::stdout().is_terminal();
    let interval = Duration::from_secs(if terminal { 1 } else { 15 });
    let start = Instant::now();
    let mut due = interval;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() >= due {
            due += interval;
            let line = last_lines(log, 1);
            let line: String = line.trim().chars().take(60).collect();
            let seconds = start.elapsed().as_secs();
            if terminal {
                print!("\r\x1b[K  {seconds:>3} s  {line}");
                let _ = std::io::stdout().flush();
            } else {
                println!("  {seconds:>3} s  {line}");
            }
        }
        thread::sleep(Duration::from_millis(100));
    };
    if terminal && due > interval {
        print!("\r\x1b[K");
    }
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "`{}` failed ({status}). The end of its output:\n\n{}\n\nThe whole output: {}",
        describe(command),
        last_lines(log, 30),
        log.display()
    ))
}

/// `1.5 s`, `2 min 6 s`.
pub fn elapsed(start: Instant) -> String {
    let seconds = start.elapsed().as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let seconds = seconds.round() as u64;
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

fn last_lines(log: &Path, count: usize) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn announce(command: &Command) {
    println!("$ {}", describe(command));
}

fn describe(command: &Command) -> String {
    // The program alone: its directory is the same for everyone's eyes.
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

fn no_start(command: &Command, error: std::io::Error) -> String {
    format!("cannot start `{}`: {error}", describe(command))
}

/// The text of a key in one line of JSON, where it has no escapes.
pub fn json_text<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    json.split(&format!("\"{key}\":\"")).nth(1)?.split('"').next()
}
