// What a host does with its end of a channel, in a form that another process can be told.

namespace VmBus.Tool;

/// <summary>A host's job. Runs here, or in a process that is given <see cref="Arguments"/>.</summary>
internal interface IHostJob<T>
{
    /// <summary>The job's name and what it needs to know, for <see cref="HostProcess"/>.</summary>
    IReadOnlyList<string> Arguments { get; }

    /// <summary>Does the job.</summary>
    /// <param name="channel">The host's end.</param>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    T Run(VmBusChannel channel, CancellationToken cancellationToken);

    /// <summary>Writes a result for the process that asked for it.</summary>
    void Write(BinaryWriter writer, T result);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    T Read(BinaryReader reader);
}
