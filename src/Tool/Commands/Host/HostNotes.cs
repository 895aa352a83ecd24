// What happens to a hosted guest, a line each, with the seconds since the start.

using System.Diagnostics;
using System.Globalization;

namespace VmBus.Tool;

/// <summary>Writes lines. Thread-safe.</summary>
/// <param name="writer">Where to.</param>
/// <param name="clock">The clock of the limits on what the guest brings about; the system's by default.</param>
/// <param name="console">The guest's console, where that is seen beside the notes.</param>
internal sealed class HostNotes(TextWriter writer, TimeProvider? clock = null, GuestConsole? console = null)
{
    private readonly NoteBudget _budget = new(clock ?? TimeProvider.System);
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _sync = new();

    /// <summary>Writes a line that the host's own doing brings about.</summary>
    public void Write(string text)
    {
        lock (_sync)
            WriteLine(text);
    }

    /// <summary>Writes a line that the guest brings about, unless it brought about too many: those are counted.</summary>
    /// <param name="source">What it is about: a name of the host's.</param>
    /// <param name="text">The line.</param>
    public void WriteAbout(string source, string text)
    {
        lock (_sync)
        {
            if (IsTold(source))
                WriteLine(text);
        }
    }

    /// <summary>Tells how many lines were left out since that was told last.</summary>
    public void WriteLeftOut()
    {
        lock (_sync)
        {
            foreach ((string source, long leftOut) in _budget.TakeLeftOut())
                WriteLine(NoteBudget.LeftOut(source, leftOut));
        }
    }

    /// <summary>Whether an event that the guest causes, and that takes several lines, is reported. One that is not is counted.</summary>
    /// <param name="source">What it is about: a name of the host's.</param>
    public bool IsTold(string source)
    {
        lock (_sync)
        {
            bool isTold = _budget.TryTake(source, out long leftOut);
            if (leftOut > 0)
                WriteLine(NoteBudget.LeftOut(source, leftOut));
            return isTold;
        }
    }

    private void WriteLine(string text)
    {
        if (console is null)
            Say();
        else
            console.Between(Say);

        void Say()
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"host {Stopwatch.GetElapsedTime(_start).TotalSeconds,8:0.000}: {text}"));
            writer.Flush();
        }
    }
}
