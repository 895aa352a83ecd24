using System.Runtime.Versioning;

namespace VmBus.Fuzz;

/// <summary>The targets by the names the command line gives them.</summary>
[SupportedOSPlatform("linux")]
public static class FuzzTarget
{
    /// <summary>Every target's name; also that of its folder in the corpus.</summary>
    public static IReadOnlyList<string> Names { get; } = ["incoming", "outgoing", "components", "recording", "savedstate", "guest", "host", "gpadl", "disk", "network", "socket"];

    /// <summary>The target of that name: takes one input, and throws when it found something.</summary>
    public static Action<ReadOnlySpan<byte>> ByName(string name) => name switch
    {
        "incoming" => IncomingTarget.Run,
        "outgoing" => OutgoingTarget.Run,
        "components" => ComponentsTarget.Run,
        "recording" => RecordingTarget.Run,
        "savedstate" => SavedStateTarget.Run,
        "guest" => GuestTarget.Run,
        "host" => HostTarget.Run,
        "gpadl" => GpadlTarget.Run,
        "disk" => DiskTarget.Run,
        "network" => NetworkTarget.Run,
        "socket" => SocketTarget.Run,
        _ => throw new ArgumentException($"There is no target \"{name}\"; there are {string.Join(", ", Names)}."),
    };
}
