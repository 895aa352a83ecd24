namespace VmBus.Protocol;

/// <summary>A saved state cannot be restored. Nothing was changed.</summary>
public sealed class SavedStateException : VmBusException
{
    internal SavedStateException(SavedStateFault fault, int offset, string reason)
        : base($"The saved state cannot be restored: {reason} ({fault}, at byte {offset}).")
    {
        Fault = fault;
        Offset = offset;
        Reason = reason;
    }

    /// <summary>What kind of fault it is.</summary>
    internal SavedStateFault Fault { get; }

    /// <summary>The offset of the error: the position after the last byte read, from the start of the file.</summary>
    public int Offset { get; }

    /// <summary>The error, with its values.</summary>
    public string Reason { get; }
}
