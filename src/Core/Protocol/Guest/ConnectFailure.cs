// Why a guest found no connection.

namespace VmBus.Protocol;

/// <summary>Why a guest found no connection.</summary>
internal enum ConnectFailure
{
    /// <summary>The host speaks none of the versions that were proposed.</summary>
    NoCommonVersion,

    /// <summary>The host speaks the version, and has no resources for a connection.</summary>
    LowResources,

    /// <summary>The host speaks the version, and refuses for a reason it does not name.</summary>
    Refused,

    /// <summary>The host did not answer in time.</summary>
    Timeout,

    /// <summary>The proposal could not be posted.</summary>
    NotPosted,

    /// <summary><see cref="GuestProtocol.Unload"/> came first.</summary>
    Cancelled,
}
