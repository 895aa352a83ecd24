// The one place where the command meets what runs its traffic.

using VmBus.Tool.Copy;
using VmBus.Tool.Latency;

namespace VmBus.Tool;

/// <summary>Which engine runs a command.</summary>
internal sealed class Engines
{
    /// <summary>The engines of this program.</summary>
    public static Engines Product { get; } = new()
    {
        Latency = static options => throw new ToolException("latency: this build has no channel to measure yet"),
        Copy = static options => throw new ToolException("copy: this build has no channel to copy through yet"),
    };

    /// <summary>The engine for a measurement: on real threads, in two processes, or under a fake clock.</summary>
    public required Func<LatencyOptions, ILatencyEngine> Latency { get; init; }

    /// <summary>The engine for a copy: in one process or two.</summary>
    public required Func<CopyOptions, ICopyEngine> Copy { get; init; }
}
