// What happens to a hosted guest, a line each, with the seconds since the start.

using System.Diagnostics;
using System.Globalization;

namespace VmBus.Tool;

/// <summary>Writes lines. Thread-safe.</summary>
internal sealed class HostNotes(TextWriter writer)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _sync = new();

    /// <summary>Writes a line.</summary>
    public void Write(string text)
    {
        lock (_sync)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"host {Stopwatch.GetElapsedTime(_start).TotalSeconds,8:0.000}: {text}"));
            writer.Flush();
        }
    }
}
