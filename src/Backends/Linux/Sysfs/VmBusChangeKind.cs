namespace VmBus.Linux;

/// <summary>What became of a device.</summary>
internal enum VmBusChangeKind
{
    /// <summary>It is there now and was not.</summary>
    Added = 0,

    /// <summary>It was there and is not.</summary>
    Removed,

    /// <summary>Its driver, its UIO device, or its channels and their virtual processors are others.</summary>
    Changed,
}
