// What the flag low_latency does to a stock guest: reads the log of bench/Switch/run.sh, prints the table, draws the picture.
//
//   bench/Switch/run.sh --json switch.json
//   dotnet run -c Release --project bench/Switch -- plot switch.json --plot docs/switch.png

using System.CommandLine;
using VmBus.Switch;
using VmBus.Tool;

var log = new Argument<string>("LOG") { Description = "What the machine said: run.sh leaves it beside the figures." };
var figures = new Argument<string>("FILE") { Description = "The figures: a document vmbus-switch/1." };
var json = new Option<string>("--json") { Description = "Where the figures go.", HelpName = "FILE", Required = true };
var note = new Option<string>("--note") { Description = "What else ran on the machine, kept with the figures.", HelpName = "TEXT", DefaultValueFactory = _ => "" };
var plot = new Option<string?>("--plot") { Description = "Where the picture goes.", HelpName = "FILE.png" };
var window = new Option<string?>("--window") { Description = "Whose guest is drawn; the first one's by default.", HelpName = "TIME" };
var read = new Command("read", "Read a log: print the table, write the figures.") { log, json, note, plot, window };
var show = new Command("plot", "Print the table of figures, and draw them.") { figures, plot, window };
read.SetAction(line => Carefully(() =>
{
    string path = line.GetRequiredValue(log);
    SwitchFile file = SwitchFile.Here(SwitchLog.Read(File.ReadLines(path)), line.GetRequiredValue(note));
    file.Write(line.GetRequiredValue(json));
    Show(file, line.GetValue(plot), line.GetValue(window));
}));
show.SetAction(line => Carefully(() => Show(SwitchFile.Read(line.GetRequiredValue(figures)), line.GetValue(plot), line.GetValue(window))));
return new RootCommand("What the switch does to a stock guest's disk and network; bench/Switch/run.sh measures it.") { read, show }.Parse(args).Invoke();

static void Show(SwitchFile file, string? plot, string? window)
{
    Console.Write(SwitchTable.Of(file));
    if (plot is null)
        return;
    PlotFile.Check(plot);
    SwitchRun run = window is null ? file.Runs[0] : file.Runs.FirstOrDefault(run => run.Window == window) ?? throw new ToolException($"there is no guest of a window of {window}");
    PlotFile.Write(plot, SwitchPlot.Render(file, run));
}

static int Carefully(Action act)
{
    try
    {
        act();
        return ExitCode.Success;
    }
    catch (Exception error) when (error is FormatException or ToolException or UsageException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"switch: {error.Message}");
        return ExitCode.Failed;
    }
}
