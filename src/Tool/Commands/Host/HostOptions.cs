// What vmbus host boots, and what it offers.

namespace VmBus.Tool;

/// <summary>What <c>vmbus host</c> was asked for.</summary>
internal sealed record HostOptions
{
    /// <summary>The kernel's file.</summary>
    public required string KernelFile { get; init; }

    /// <summary>The initial RAM disk's file, if there is one.</summary>
    public string? InitialDiskFile { get; init; }

    /// <summary>The kernel's command line.</summary>
    public required string CommandLine { get; init; }

    /// <summary>Bytes of memory.</summary>
    public required long MemorySize { get; init; }

    /// <summary>How many VPs.</summary>
    public required int VpCount { get; init; }

    /// <summary>Whether the guest's console is shown.</summary>
    public required bool HasConsole { get; init; }

    /// <summary>What is offered.</summary>
    public required IReadOnlyList<DeviceOffer> Devices { get; init; }

    /// <summary>Where to read commands from; <c>-</c> for standard input; none by default.</summary>
    public string? CommandFile { get; init; }

    /// <summary>Where the conversation is recorded, if it is.</summary>
    public string? RecordFile { get; init; }

    /// <summary>The greatest length of the recording in bytes.</summary>
    public long RecordLimit { get; init; } = VmBus.Protocol.ConversationRecorder.DefaultMaxLength;

    /// <summary>Whether the guest boots again when it resets, instead of ending the command.</summary>
    public bool Restarts { get; init; }
}
