namespace VmBus.Integration;

/// <summary>How far a host's component has come with its guest.</summary>
internal enum IntegrationHostState
{
    /// <summary>Versions are offered, or about to be.</summary>
    Negotiating = 0,

    /// <summary>Versions are agreed on.</summary>
    Ready,

    /// <summary>The guest speaks none of our versions: nothing more is sent.</summary>
    Refused,

    /// <summary>The channel is gone.</summary>
    Closed,
}
