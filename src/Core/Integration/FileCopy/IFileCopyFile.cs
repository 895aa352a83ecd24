namespace VmBus.Integration;

/// <summary>A file that is being copied. Disposing it before <see cref="Complete"/> has succeeded deletes its data.</summary>
public interface IFileCopyFile : IDisposable
{
    /// <summary>Writes a piece. Pieces arrive in any order, are within the announced size and can overlap.</summary>
    /// <param name="offset">The offset in the file, in bytes.</param>
    /// <param name="data">The bytes; only valid during the call.</param>
    /// <returns>Success, or the reason of the failure; the copy is then abandoned.</returns>
    FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Moves the file to its name. All its bytes were written.</summary>
    /// <returns>Success, or the reason of the failure; the copy is then abandoned.</returns>
    FileCopyVerdict Complete();
}
