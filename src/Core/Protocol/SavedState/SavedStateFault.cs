namespace VmBus.Protocol;

/// <summary>Why a saved state cannot be restored.</summary>
internal enum SavedStateFault
{
    /// <summary>It ends too early: the file, a record, or a list that says it is longer.</summary>
    Truncated,

    /// <summary>It does not begin as a saved state does.</summary>
    NotASavedState,

    /// <summary>It is of a version of the format that is not known here.</summary>
    UnknownVersion,

    /// <summary>It is of another thing: a guest's where a host's is wanted, a protocol's where a bus's is.</summary>
    WrongKind,

    /// <summary>Its length is not what it says.</summary>
    WrongLength,

    /// <summary>Its checksum is not that of its bytes.</summary>
    WrongChecksum,

    /// <summary>A record is another than the one that comes here, or has bytes left over.</summary>
    WrongRecord,

    /// <summary>A value, or two together, cannot be.</summary>
    ImpossibleValue,

    /// <summary>It is sound, and does not fit the options it is restored with, or the memory of the guest.</summary>
    DoesNotFit,
}
