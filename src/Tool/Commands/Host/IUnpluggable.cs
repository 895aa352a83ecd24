namespace VmBus.Tool;

/// <summary>A device whose guest stops sending before its offer is taken back: a Linux guest waits for ever for what it is owed then.</summary>
internal interface IUnpluggable
{
    /// <summary>Has the guest stop.</summary>
    /// <param name="cancellationToken">Ends the wait for that.</param>
    Task UnplugAsync(CancellationToken cancellationToken);
}
